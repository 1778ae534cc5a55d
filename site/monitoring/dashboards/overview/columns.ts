import type { LabelColumn } from "../table";

export const environment: LabelColumn = { label: "environment", title: "Environment", pixels: 105 };
/** Name and number of a guest; the name leads to its own dashboard. */
export const guestColumns: readonly LabelColumn[] = [
  environment,
  {
    label: "guest",
    title: "Guest",
    link: {
      title: "Backups of this guest",
      url: "/d/lifeboat-backup-guest?var-environment=${__data.fields.Environment}&var-guest=${__data.fields.Guest}&${datasource:queryparam}",
    },
  },
  { label: "id", title: "Id", pixels: 60 },
];
