/** As on a node with cgroup v2 (PVE::CGroup::clamp_cpu_shares). */
export function clampCpuUnits(options: Map<string, string>): void {
  const units = options.get("cpuunits");
  if (units !== undefined) options.set("cpuunits", String(Math.min(10_000, Number(units))));
}
