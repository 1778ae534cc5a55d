import { exporterUnitFile } from "../../../../components/monitoring/exporter-files";
import { exporterUnit } from "../../../../scripts/inspect/monitoring-export/unit";

/** What keeps a service from the rest of its machine, by its key. */
function restrictions(unit: string): Record<string, string> {
  const pairs = unit.split("\n").flatMap((line) => {
    const [, key, value = ""] =
      /^((?:Protect|Private|Restrict|Lock|NoNew|Capability|SystemCall|UMask)\w*)=(.*)$/u.exec(line) ?? [];
    return key === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(pairs);
}

test("the unit of an export is kept from as much as that of the stack; its program may lie in a home [C2, N5]", () => {
  const ofStack = restrictions(exporterUnitFile({ interval: 300, credentials: {} }, "/opt/node"));
  const program = ["/usr/bin/node", "/home/ops/lifeboat.cjs"];
  const ofExport = restrictions(exporterUnit({ program, listen: "127.0.0.1:9941", interval: "5m" }));
  expect(Object.keys(ofStack).length).toBeGreaterThan(15);
  expect(ofExport).toEqual({ ...ofStack, ProtectHome: "read-only" });
});

test("an exporter that has no token yet has a folder for them all the same: it runs, and says what it lacks [C2]", () => {
  expect(credentialsOf({})).toEqual(["SetCredential=none:none"]);
  expect(credentialsOf({ "prod.token": "a@pve!b=c" })).toEqual([
    "LoadCredential=prod.token:/opt/lifeboat-monitoring/exporter/current/credentials/prod.token",
  ]);
});

function credentialsOf(credentials: Readonly<Record<string, string>>): string[] {
  return exporterUnitFile({ interval: 300, credentials }, "/opt/node").match(/^\w+Credential=.*$/gmu) ?? [];
}
