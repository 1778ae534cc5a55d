import type { Environment } from "../../../../site/settings/environment";
import type { CommandContext } from "../../../project/context";
import type { Site } from "../../../project/site";
import type { GuestSession } from "../../engine/session";
import { digestOf } from "../../engine/digest";
import { guestSettingsDigest } from "./inputs";

/**
 * Digest of what the settings say about a guest now. They are read anew: a question may have stood open for hours, and what this
 * process has read agrees with itself whatever the file says.
 *
 * @throws CommandError (2) where they are wrong by now
 */
export async function settingsDigestNow({
  context,
  environment,
  guest,
}: Pick<GuestSession, "context" | "environment" | "guest">): Promise<string> {
  const now = await withSettingsNow(context, (site) => {
    return digestIn(site.environment(environment.name).settings, guest.name);
  });
  // A guest of this process may be another than that of the file: one that has left the settings.
  return now === digestIn(environment.settings, guest.name) ? guestSettingsDigest(guest) : now;
}

/** What somebody finds in the settings as they are now. */
export async function withSettingsNow<Found>(
  { openSite }: Pick<CommandContext, "openSite">,
  find: (site: Site) => Found,
): Promise<Found> {
  const site = await openSite();
  try {
    return find(site);
  } finally {
    await site.close();
  }
}

function digestIn({ guests }: Environment, name: string): string {
  const found = guests.find((guest) => guest.name === name);
  return found === undefined ? digestOf("none") : guestSettingsDigest(found);
}
