import type { MonitoringSecrets, MonitoringSettings, Receiver, Seconds } from "../../settings/environment";
import { parseWebAddress, webAddressFormat } from "../../settings/values/web-address";
import { prometheusDuration } from "../prometheus-duration";
import { yamlText } from "./yaml-text";

type Receivers = Pick<MonitoringSettings, "evaluation" | "receivers">;

/** A receiver of no kind: alerts are on Alertmanager's page only. No receiver of the settings can have a name with a dot. */
const nobody = "lifeboat.nobody";

/**
 * `alertmanager.yml`. It is a secret as a whole: which key of a receiver may name a file depends on Alertmanager's version
 * (0.25 takes none for a webhook's address or a bot's token).
 *
 * @throws Error where a receiver's secret is missing, see {@link missingReceiverSecrets}
 */
export function alertmanagerFile(settings: Receivers, secrets: MonitoringSecrets["receivers"]): string {
  const { evaluation, receivers } = settings;
  const file = {
    route: {
      receiver: nobody,
      // One message for an alert of an environment, however many guests it is about.
      group_by: ["alertname", "environment"],
      group_wait: prometheusDuration(waitOf(evaluation)),
      group_interval: prometheusDuration(Math.min(300, 5 * evaluation)),
      repeat_interval: "12h",
      ...(receivers.length === 0 ? {} : { routes: receivers.map(({ name }) => ({ receiver: name, continue: true })) }),
    },
    receivers: [{ name: nobody }, ...receivers.map((receiver) => receiverOf(receiver, secrets[receiver.name]))],
  };
  return yamlText(file);
}

/** Names of receivers that cannot work without a secret that is not there. */
export function missingReceiverSecrets(
  receivers: readonly Receiver[],
  secrets: MonitoringSecrets["receivers"],
): string[] {
  return receivers.filter((receiver) => needsSecret(receiver) && secrets[receiver.name] === undefined).map(nameOf);
}

/** A receiver whose secret is none of its kind, and what it should be. */
export interface UnfitSecret {
  readonly name: string;
  readonly allowed: string;
}

/**
 * Receivers with whose secrets Alertmanager would not start, or could tell nobody. It would say so with the secret in its own words,
 * in another spelling than the one by which secrets are kept out of what is printed.
 */
export function unfitReceiverSecrets(
  receivers: readonly Receiver[],
  secrets: MonitoringSecrets["receivers"],
): UnfitSecret[] {
  return receivers.flatMap(({ name, kind }) => {
    const secret = secrets[name];
    if (secret === undefined) return [];
    if (kind === "webhook" && parseWebAddress(secret) === undefined) return [{ name, allowed: webAddressFormat }];
    if (kind === "telegram" && !/^\d+:[\w-]+$/u.test(secret))
      return [{ name, allowed: "a bot's token, such as 123456:ABC" }];
    return [];
  });
}

/** Names of secrets that no receiver has. */
export function unusedReceiverSecrets(
  receivers: readonly Receiver[],
  secrets: MonitoringSecrets["receivers"],
): string[] {
  const names = new Set(receivers.map(nameOf));
  return Object.keys(secrets)
    .filter((name) => !names.has(name))
    .sort();
}

/** Guests that fail together come in one message, and nobody waits for longer than an evaluation. */
function waitOf(evaluation: Seconds): Seconds {
  return Math.max(1, Math.min(30, Math.floor(evaluation / 2)));
}

function needsSecret(receiver: Receiver): boolean {
  switch (receiver.kind) {
    case "webhook":
      return receiver.url === undefined;
    case "mail":
      return receiver.user !== undefined;
    case "ntfy":
      return false;
    case "telegram":
      return true;
  }
}

function receiverOf(receiver: Receiver, secret: string | undefined) {
  const { name } = receiver;
  switch (receiver.kind) {
    case "webhook":
      return { name, webhook_configs: [{ url: receiver.url ?? given(name, secret), send_resolved: true }] };
    case "mail":
      return { name, email_configs: [mailOf(receiver, secret)] };
    case "ntfy": {
      // Alertmanager's own JSON, which ntfy turns into a message by its template of that name.
      const url = `${receiver.url}?template=alertmanager`;
      const login = secret === undefined ? {} : { http_config: { authorization: { credentials: secret } } };
      return { name, webhook_configs: [{ url, send_resolved: true, ...login }] };
    }
    case "telegram":
      return {
        name,
        telegram_configs: [{ bot_token: given(name, secret), chat_id: receiver.chat, send_resolved: true }],
      };
  }
}

function mailOf({ name, to, from, server, user, tls }: Receiver & { readonly kind: "mail" }, secret?: string) {
  const login = user === undefined ? {} : { auth_username: user, auth_password: given(name, secret) };
  return {
    to: to.join(", "),
    from,
    smarthost: server,
    ...login,
    // Port 465 speaks TLS from the start, and Alertmanager would ask there for STARTTLS as well.
    require_tls: tls && !server.endsWith(":465"),
    send_resolved: true,
  };
}

function given(name: string, secret: string | undefined): string {
  if (secret === undefined) throw new Error(`receiver ${name} has no secret`);
  return secret;
}

function nameOf({ name }: Receiver): string {
  return name;
}
