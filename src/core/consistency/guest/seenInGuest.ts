import type {
  AssessmentFacts,
  GuestLook,
  GuestVolumeFacts,
  ToolsConfig,
} from '../../inventory/assessmentFacts.ts';

/** What somebody has seen inside a guest; undefined is "not known", never "no". */
export interface SeenInGuest {
  readonly toolsConfig: ToolsConfig | undefined;
  readonly look: GuestLook;
  readonly volumes: readonly GuestVolumeFacts[] | undefined;
}

/** The facts of a VM with what was seen inside its guest. */
export function withSeen(
  facts: AssessmentFacts,
  { toolsConfig, look, volumes }: SeenInGuest,
): AssessmentFacts {
  return {
    ...facts,
    toolsConfig: toolsConfig ?? facts.toolsConfig,
    guestLook: look,
    guestVolumes: volumes ?? facts.guestVolumes,
  };
}
