/**
 * A calendar event of Proxmox as systemd writes it. They differ where no hour is named, which in Proxmox means every hour,
 * and in a star before a repetition.
 */
export function systemdCalendar(event: string): string {
  const words = event.trim().split(/\s+/u);
  const time = words.at(-1) ?? "";
  if (!/^[\d*][\d*,./:]*$/u.test(time)) return words.join(" ");
  const [hours, minutes] = time.includes(":") ? time.split(":", 2) : ["*", time];
  const repeated = [hours, minutes].map((part) => (part ?? "").replace(/^\*\//u, "0/"));
  return [...words.slice(0, -1), repeated.join(":")].join(" ");
}
