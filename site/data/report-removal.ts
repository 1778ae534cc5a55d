import { offsiteGuestPlaces } from "./offsite-places";
import { placesOf } from "./places";
import { reportDropIn, reportPlaces as places, reportUnits as units } from "./report-places";

/** Lines of a shell that take away what a unit has for the report, and nothing that somebody else put beside it. */
function withoutReportDropIn(unit: string): string[] {
  const { folder, file } = reportDropIn(unit);
  return [`rm -f ${file}`, `rmdir ${folder} 2>/dev/null || :`];
}

/** Lines of a shell that take a source out of the report: the next one has it no more. */
export function withoutReportOf(source: string): string[] {
  return withoutReportDropIn(placesOf(source).unit);
}

/** Lines of a shell that close the port of a whole guest and take its user away. */
export const endReport: readonly string[] = [
  `systemctl disable --now ${places.answerUnit}.socket ${places.unit}.timer 2>/dev/null || :`,
  `rm -rf ${places.folder} ${places.report} ${Object.values(units).join(" ")}`,
  ...withoutReportDropIn(offsiteGuestPlaces.unit),
  `userdel ${places.user} 2>/dev/null || :`,
];

/** The same, unless sources are left in the guest: they have one report together. */
export const endReportWithLast: readonly string[] = [
  `if ! ls ${offsiteGuestPlaces.sources}/*/settings >/dev/null 2>&1; then`,
  ...endReport,
  "fi",
];
