import { assess, type Assessment, type Remark } from '../../core/consistency/assess.ts';
import { explain } from '../../core/consistency/explanation.ts';
import { sources } from '../../core/consistency/sources.ts';
import { isApplied } from '../../core/jobs/applyRemedy/remedyPlan.ts';
import type { InventoryRow } from '../../core/inventory/inventoryModel.ts';
import type { ExplanationDto, PredictionDto, RemarkDto } from '../../protocol/vm.ts';

export function predictionDto(assessment: Assessment): PredictionDto {
  const { level, mechanism, certainty, ceiling, base, levelAfterAllFixes } = assessment;
  return {
    ...{ level, mechanism, certainty, ceiling, levelAfterAllFixes },
    base: { rule: base.rule, reason: base.reason, text: base.text },
    limits: assessment.limits.map(limit => ({
      ...remarkDto(limit),
      cap: limit.cap,
      levelAfterFix: limit.levelAfterFix,
    })),
    remarks: assessment.remarks.map(remarkDto),
    unknowns: assessment.unknowns.map(({ rule, question }) => ({ rule, question })),
    outsideDisks: assessment.outside,
  };
}

export function explanationDto({
  name,
  instanceUuid,
  inventoryPath,
  asOf,
  facts,
}: InventoryRow): ExplanationDto {
  const { outside, ...explanation } = explain(assess(facts));
  return {
    ...{ name, inventoryPath },
    ...(instanceUuid !== undefined && { instanceUuid }),
    ...(asOf !== undefined && { asOf: asOf.toISOString() }),
    ...explanation,
    limits: explanation.limits.map(withAppliedMark),
    remarks: explanation.remarks.map(withAppliedMark),
    outsideDisks: outside,
  };
}

function withAppliedMark<R extends { readonly rule: string; readonly remedy?: string }>(
  remark: R,
): R & { readonly canBeApplied?: true } {
  return isApplied(remark.rule) && remark.remedy !== undefined ? { ...remark, canBeApplied: true } : remark;
}

function remarkDto({ rule, reason, text, remedy, certainty, source }: Remark): RemarkDto {
  return {
    rule,
    reason,
    text,
    certainty,
    source: sources[source].title,
    ...(remedy !== undefined && { remedy }),
  };
}
