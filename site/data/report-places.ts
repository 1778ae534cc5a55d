/** Where what tells the exporter how dumps are lies in a guest. */
export const reportPlaces = {
  /** TCP port at which the report is answered. */
  port: 9942,
  /** Programs and who may ask: readable for the user that answers, who is nobody else. */
  folder: "/usr/local/lib/lifeboat-report",
  /** Root's: makes the report. */
  writer: "/usr/local/lib/lifeboat-report/write",
  /** Answers one connection. */
  answerer: "/usr/local/lib/lifeboat-report/answer",
  /** One address a line. */
  allowed: "/usr/local/lib/lifeboat-report/allowed",
  /** In memory: it is written anew after each start of the guest. */
  report: "/run/lifeboat-report/report.json",
  /** systemd's, without `.service` and `.timer`. */
  unit: "lifeboat-report",
  /** systemd's, without `.socket` and `@.service`. */
  answerUnit: "lifeboat-report-answer",
  /** May read the report, and nothing that other users may not. */
  user: "lifeboat-report",
} as const;

const systemd = "/etc/systemd/system";

/** Files of systemd that the report has. */
export const reportUnits = {
  service: `${systemd}/${reportPlaces.unit}.service`,
  timer: `${systemd}/${reportPlaces.unit}.timer`,
  socket: `${systemd}/${reportPlaces.answerUnit}.socket`,
  answer: `${systemd}/${reportPlaces.answerUnit}@.service`,
} as const;

/** What the service of a source, or of the copies, has, so that the report is made anew after each of its runs. */
export function reportDropIn(unit: string): { readonly folder: string; readonly file: string } {
  const folder = `${systemd}/${unit}.service.d`;
  return { folder, file: `${folder}/report.conf` };
}
