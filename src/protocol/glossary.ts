import { type Empty, request } from './message.ts';
import type { CertaintyDto, SourceDto } from './vm.ts';

/** A word of the field as this product uses it. */
export interface GlossaryEntryDto {
  readonly term: string;
  /** A sentence without its full stop. */
  readonly text: string;
  readonly source: SourceDto;
}

export interface GlossaryDto {
  readonly entries: readonly GlossaryEntryDto[];
  /** Known failures: how they show, why, and what to do. */
  readonly troubles: readonly TroubleDto[];
  /** What each rule of the proof says, which the evidence of a restore point names. */
  readonly proofRules: readonly ProofRuleDto[];
  /** Everything that statements about consistency rest on. */
  readonly sources: readonly SourceDto[];
}

export interface ProofRuleDto {
  readonly id: string;
  readonly text: string;
  readonly certainty: CertaintyDto;
  readonly source: SourceDto;
}

export interface TroubleDto {
  readonly id: string;
  readonly symptom: string;
  readonly cause: string;
  readonly remedy: string;
  readonly source: SourceDto;
}

export const readGlossary = request<Empty, GlossaryDto>('glossary/read');
