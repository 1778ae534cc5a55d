/** A span of time for people, two units at most: `0.4 s`, `38 s`, `2 min 5 s`, `3 h 10 min`, `4 d 2 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${(Math.round(seconds * 10) / 10).toFixed(1)} s`;
  const units = [
    { name: "d", seconds: 86_400 },
    { name: "h", seconds: 3_600 },
    { name: "min", seconds: 60 },
    { name: "s", seconds: 1 },
  ];
  const whole = Math.round(seconds);
  const first = units.findIndex((unit) => whole >= unit.seconds);
  const [large, small] = units.slice(first);
  if (large === undefined) return `${String(whole)} s`;
  const rest = small === undefined ? 0 : Math.floor((whole % large.seconds) / small.seconds);
  const head = `${String(Math.floor(whole / large.seconds))} ${large.name}`;
  return rest === 0 || small === undefined ? head : `${head} ${String(rest)} ${small.name}`;
}

/** How long ago something was, in one unit: `just now`, `5 min`, `3 h`, `12 d`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return `${String(Math.floor(seconds / 60))} min`;
  if (seconds < 2 * 86_400) return `${String(Math.floor(seconds / 3_600))} h`;
  return `${String(Math.floor(seconds / 86_400))} d`;
}

/** The same in a sentence: `just now`, `5 min ago`. */
export function formatAgo(seconds: number): string {
  return seconds < 60 ? formatAge(seconds) : `${formatAge(seconds)} ago`;
}

/** Bytes in binary units, as Proxmox shows them: `512 B`, `1.5 KiB`, `8.0 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${String(bytes)} B` : `${value.toFixed(value < 99.95 ? 1 : 0)} ${units[unit] ?? ""}`;
}

/** A share of 1 in whole per cent, never rounded to a border that was not reached: `0 %` is nothing, `100 %` all. */
export function formatShare(share: number): string {
  const percent = share * 100;
  const whole = percent > 0 && percent < 1 ? 1 : percent > 99 && percent < 100 ? 99 : Math.round(percent);
  return `${String(whole)} %`;
}

/** A time that a program has noted, for people: `2026-11-20 12:00 UTC`. What is no time stays as it is. */
export function formatInstant(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return formatMoment(time.getTime());
}

/** `2026-11-20 12:00 UTC`. A copy and a store may be anywhere: there is no node whose time zone would be meant. */
export function formatMoment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
