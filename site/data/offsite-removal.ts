import { offsiteGuestPlaces as places } from "./offsite-places";

/** What a source's own service has, so that each of its runs is followed by copies. */
export function dropInOf(source: string): { readonly folder: string; readonly file: string } {
  const folder = `/etc/systemd/system/lifeboat-data-${source}.service.d`;
  return { folder, file: `${folder}/offsite.conf` };
}

/** Lines of a shell that take away what a source has for copies, and nothing that somebody else put beside it. */
export function withoutDropIn(source: string): string[] {
  const { folder, file } = dropInOf(source);
  return [`rm -f ${file}`, `rmdir ${folder} 2>/dev/null || :`];
}

/** Lines of a shell that end the copies of a whole guest and take its key away. */
export const endCopies: readonly string[] = [
  `systemctl disable --now ${places.unit}.timer 2>/dev/null || :`,
  `rm -rf ${places.folder} /etc/systemd/system/${places.unit}.service /etc/systemd/system/${places.unit}.timer`,
];

/** The same, unless sources are left in the guest: they have one key and one timer together. */
export const endCopiesWithLast: readonly string[] = [
  `if ! ls ${places.sources}/*/settings >/dev/null 2>&1; then`,
  ...endCopies,
  "fi",
];
