/**
 * A line with plain `pulumi` for a person to type. What `lifeboat env` exports comes first: without it `pulumi` asks another
 * backend, or none, and knows neither passphrase nor authority. It does no harm in a shell that has it already.
 *
 * @param words what follows `pulumi`; the stack is named behind them: `up --refresh`
 * @param variables set for `pulumi` alone: `LIFEBOAT_ALLOW_REBOOT=web`
 */
export function pulumiLine(environment: string, words: string, variables?: string): string {
  const set = variables === undefined ? "" : `${variables} `;
  return `eval "$(lifeboat env ${environment})" && ${set}pulumi ${words} -s ${environment}`;
}

/** The environment whose stack a {@link pulumiLine} works on. Undefined: it is another line. */
export function environmentOf(line: string): string | undefined {
  return /^eval "\$\(lifeboat env (\S+)\)" && (?:\S+=\S* )?pulumi /u.exec(line)?.[1];
}
