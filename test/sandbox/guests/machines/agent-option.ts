/** Whether the guest agent is switched on in the configuration. */
export function agentEnabled(keys: ReadonlyMap<string, string>): boolean {
  const text = keys.get("agent");
  if (text === undefined) return false;
  const [first = ""] = text.split(",");
  return isOn(/(?:^|,)enabled=([^,]*)/.exec(text)?.[1] ?? first);
}

/** Whether file systems are frozen by the agent for a backup or a snapshot: unless it says otherwise. */
export function freezesFileSystems(keys: ReadonlyMap<string, string>): boolean {
  const text = keys.get("agent") ?? "";
  const wanted = /(?:^|,)(?:guest-fsfreeze|freeze-fs-on-backup)=([^,]*)/.exec(text)?.[1];
  return agentEnabled(keys) && (wanted === undefined || isOn(wanted));
}

function isOn(text: string): boolean {
  return /^(1|on|yes|true)$/i.test(text);
}
