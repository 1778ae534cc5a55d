/** Unix seconds as `2026-11-20T01:00:00Z`. */
export function isoOf(time: number): string {
  return new Date(Math.floor(time) * 1_000).toISOString().replace(/\.\d+Z$/u, "Z");
}
