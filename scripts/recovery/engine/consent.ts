/** Something that only the operator may decide. Each has a flag of its own; none implies another (K1). */
export interface Demand {
  /** `--stop`. */
  readonly flag: string;
  /** Why it is asked, as a sentence: `web is running and must be stopped.` */
  readonly reason: string;
  readonly question: string;
  /** The answer is this text, typed; a plain yes is not enough. Then the flag wants it as its value. */
  readonly typed?: string;
}

/** What was given on the command line: true, or the value of the flag. */
export type GivenAnswers = Readonly<Record<string, string | boolean | undefined>>;

/** Asks people. Not interactive: nobody is there to answer. */
export interface Questioner {
  readonly interactive: boolean;
  /** False also when the question was cancelled. */
  confirm(question: string): Promise<boolean>;
  /** Whether the expected text was typed. */
  retype(question: string, expected: string): Promise<boolean>;
}

export type Consent =
  /** `isAsked`: not by flags alone. */
  | { readonly kind: "given"; readonly isAsked: boolean }
  /** Nobody can be asked, and these answers are missing. */
  | { readonly kind: "missing"; readonly demands: readonly Demand[] }
  | { readonly kind: "refused"; readonly demand: Demand };

/** Settles every demand by its flag or, on a terminal, by a question each, in order. */
export async function settle(
  demands: readonly Demand[],
  given: GivenAnswers,
  questioner: Questioner,
): Promise<Consent> {
  const open = demands.filter((demand) => !isAnswered(demand, given));
  if (open.length === 0) return { kind: "given", isAsked: false };
  if (!questioner.interactive) return { kind: "missing", demands: open };
  for (const demand of open) {
    if (!(await ask(demand, questioner))) return { kind: "refused", demand };
  }
  return { kind: "given", isAsked: true };
}

/** How the flag of a demand is written so that it answers it: `--without-save-point=web`. */
export function flagOf(demand: Demand): string {
  return demand.typed === undefined ? demand.flag : `${demand.flag}=${demand.typed}`;
}

/** Which answers the command line does not give, as a clause; undefined where none is missing. */
export function whyUnanswered(demands: readonly Demand[], given: GivenAnswers): string | undefined {
  const open = demands.filter((demand) => !isAnswered(demand, given));
  return open.length === 0 ? undefined : `${open.map(flagOf).join(" and ")} must be asked for anew`;
}

function isAnswered({ flag, typed }: Demand, given: GivenAnswers): boolean {
  const answer = given[flag];
  return typed === undefined ? answer === true : answer === typed;
}

async function ask({ question, typed }: Demand, questioner: Questioner): Promise<boolean> {
  return typed === undefined ? questioner.confirm(question) : questioner.retype(question, typed);
}
