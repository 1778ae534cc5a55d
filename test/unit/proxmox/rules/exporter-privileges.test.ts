import { exporterGrants, exporterNeeds } from "../../../../proxmox/rules/exporter-privileges";

const scope = { vmids: [101, 102], backupStorages: ["backup", "backup"] };

test("the exporter's roles hold what it needs and nothing by which a guest or a job is changed [C2]", () => {
  expect(exporterGrants(scope)).toEqual([
    { role: "LifeboatExporterSite", privileges: ["Sys.Audit"], path: "/", propagate: true },
    { role: "LifeboatExporterGuests", privileges: ["VM.Audit", "VM.Backup"], path: "/vms", propagate: true },
    {
      role: "LifeboatExporterStorages",
      privileges: ["Datastore.AllocateSpace"],
      path: "/storage/backup",
      propagate: true,
    },
  ]);
});

test("each need of the exporter is granted at its path or above it [C2]", () => {
  const grants = exporterGrants(scope);
  const needs = exporterNeeds(scope);
  expect(needs.map(({ privilege, path }) => `${privilege} ${path}`)).toEqual([
    "Sys.Audit /",
    "VM.Audit /vms/101",
    "VM.Audit /vms/102",
    "VM.Backup /vms/101",
    "VM.Backup /vms/102",
    "Datastore.AllocateSpace /storage/backup",
  ]);
  const granted = needs.filter(({ privilege, path }) =>
    grants.some(
      (grant) => grant.privileges.includes(privilege) && `${path}/`.startsWith(`${grant.path}/`.replace("//", "/")),
    ),
  );
  expect(granted).toEqual(needs);
});
