import { randomBytes } from "node:crypto";
import { monitoringGuest } from "../../../site/monitoring/guest";
import type { Environment, MonitoringSecrets } from "../../../site/settings/environment";
import { createAuthority, createServerKey, renewAuthority, whyAuthorityDue } from "../../../site/state-store/authority";
import { namesOfGuest } from "../../../site/state-store/location";
import { secretsOf, writeMonitoringSecrets } from "./hand-over";
import type { StackWork } from "./stack-work";

/** What Grafana lacks, one half sentence each, and what makes it. */
interface Missing {
  readonly made: readonly string[];
  make(): Promise<{ readonly secrets: MonitoringSecrets; readonly authority: string | undefined }>;
}

/**
 * What the monitoring of an environment lacks that nobody else can give: Grafana's password, and with `listen: tls` its authority
 * and keys. Nothing is written.
 *
 * @throws CommandError (2) for secrets that are none, (12) without the passphrase
 */
export async function missingMonitoringKeys(work: StackWork): Promise<readonly string[]> {
  return (await missingIn(work)).made;
}

/** Makes what is missing now, and writes it encrypted into the settings. */
export async function writeMonitoringKeys(work: StackWork): Promise<void> {
  const { made, make } = await missingIn(work);
  if (made.length === 0) return;
  const { secrets, authority } = await make();
  await writeMonitoringSecrets(
    work,
    secrets,
    authority === undefined ? {} : { "lifeboat:monitoringAuthority": authority },
  );
}

async function missingIn({ environment, site }: StackWork): Promise<Missing> {
  const { settings } = environment;
  const { monitoring, monitoringAuthority: certificate } = settings;
  if (monitoring?.images.grafana === undefined) return nothing;
  const secrets = await secretsOf(environment);
  const names = namesOfMonitoring(settings);
  const isTls = monitoring.listen === "tls";
  const now = new Date();
  const isUsable = certificate !== undefined && secrets.authorityKey !== undefined;
  const due = isUsable ? whyAuthorityDue(certificate, names, now) : "missing";
  const made = [
    ...(secrets.grafanaPassword === undefined ? ["Grafana's password"] : []),
    ...(isTls && due !== undefined ? ["the certificate of Grafana's authority"] : []),
    ...(isTls && secrets.serverKey === undefined ? ["the key of Grafana's certificate"] : []),
  ];
  const make = async () => {
    const grafanaPassword = secrets.grafanaPassword ?? randomBytes(18).toString("base64url");
    if (!isTls) return { secrets: { ...secrets, grafanaPassword }, authority: undefined };
    const { authorityKey } = secrets;
    const authority =
      authorityKey === undefined || certificate === undefined
        ? await createAuthority(site.name, names, now)
        : {
            key: authorityKey,
            certificate:
              due === undefined ? certificate : await renewAuthority({ key: authorityKey, certificate }, names, now),
          };
    const serverKey = secrets.serverKey ?? (await createServerKey());
    return {
      secrets: { ...secrets, grafanaPassword, authorityKey: authority.key, serverKey },
      authority: authority.certificate === certificate ? undefined : authority.certificate,
    };
  };
  return { made, make };
}

const nothing: Missing = {
  made: [],
  make: () => Promise.reject(new Error("nothing is missing")),
};

function namesOfMonitoring(environment: Environment): readonly string[] {
  const guest = monitoringGuest(environment);
  return guest === undefined ? [] : namesOfGuest(guest);
}
