import type { GivenAnswers } from "../engine/consent";

/** What `lifeboat undo` was asked for. */
export interface UndoRequest {
  /** Id of the operation; undefined: the guest's last one. */
  readonly operation: string | undefined;
  readonly given: GivenAnswers;
  readonly checkSeconds: number;
  readonly command: string;
}
