import { chosen, noneSeen } from "../expressions";
import { lines } from "../panels";
import { table } from "../table";
import { environment, guestColumns } from "./columns";

export function uncovered() {
  return table({
    width: 12,
    height: 7,
    title: "Not backed up",
    description: "Adopt the guest, add the disk to the backup, or leave it out with a reason and a last day.",
    unit: "none",
    empty: noneSeen,
    labels: [...guestColumns, { label: "disk", title: "Disk", pixels: 110, empty: "all" }],
    values: [
      {
        title: "Not covered",
        query: `max by (environment, guest, id) (lifeboat_guest_not_covered{${chosen}} == 1) or max by (environment, guest, id, disk) (lifeboat_disk_not_covered{${chosen}} == 1)`,
        unit: "none",
        hidden: true,
      },
    ],
  });
}

export function unfinished() {
  return table({
    width: 12,
    height: 7,
    title: "Half done",
    description: "Repeat the command to go on, or take it back with lifeboat undo.",
    unit: "none",
    empty: noneSeen,
    labels: [...guestColumns, { label: "kind", title: "Operation" }],
    values: [
      {
        title: "Began",
        query: `time() - max by (environment, guest, id, kind) (lifeboat_unfinished_operation_timestamp_seconds{${chosen}})`,
        unit: "s",
        decimals: 1,
        pixels: 110,
      },
    ],
    sortBy: "Began",
  });
}

export function privileges() {
  return table({
    width: 12,
    height: 7,
    title: "Privileges that the exporter lacks",
    description: "What it may not see is no missing backup: lifeboat up gives its token these privileges again.",
    unit: "none",
    empty: noneSeen,
    labels: [environment, { label: "path", title: "Path" }, { label: "privilege", title: "Privilege" }],
    values: [
      {
        title: "Missing",
        query: `max by (environment, path, privilege) (lifeboat_permission_missing{${chosen}} == 1)`,
        unit: "none",
        hidden: true,
      },
    ],
  });
}

export function lookErrors() {
  return lines({
    width: 12,
    height: 7,
    title: "Looks that failed",
    description: "By the kind of failure, in each hour.",
    unit: "none",
    empty: noneSeen,
    softMax: 1,
    series: [
      {
        query: `sum by (environment, kind) (increase(lifeboat_look_errors_total{${chosen}}[1h]))`,
        legend: "{{environment}} {{kind}}",
      },
    ],
  });
}
