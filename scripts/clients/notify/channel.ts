/** What is told to people who do not look. */
export interface Message {
  /** One line: `Lifeboat: 2 need you`. */
  readonly subject: string;
  readonly text: string;
  /** Something needs somebody. */
  readonly isAlarm: boolean;
  /** The same for programs. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** A way to people. */
export interface Channel {
  /** What to call it, in records and messages; without secrets: `mail to ops@example.org`. */
  readonly name: string;
  /** @throws NotSent */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** A message that did not go out, as far as this machine can tell. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}

/** Milliseconds until somebody who does not take a message is given up. */
export const patience = 30_000;
