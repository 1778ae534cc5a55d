import { tokenForm, tokenPattern } from "./credentials";
import { at, checked, list, mapping, optional, text, value, wholeNumber, type Finding } from "./schema-tools";
import { fileName, nodeName, publicKey, userName } from "./values/names";
import { durationFormat, parseDuration } from "./values/durations";
import { endpointFormat, parseEndpoint } from "./values/endpoints";

/** How long Proxmox may take to make a guest. */
export const createTimeoutSchema = value("a duration", `${durationFormat}, at least 30s`, parseCreateTimeout);

/** `lifeboat:proxmox` */
export const proxmoxSchema = checked(
  mapping(
    {
      /** A node, or any node of a cluster. Its port is 8006 unless somebody moved it. */
      endpoint: value("an endpoint", endpointFormat, parseEndpoint),
      /** Name of the node on which guests live that do not name one. */
      node: nodeName,
      /**
       * PEM file of the CA that signed the certificates of the nodes; a relative path starts at the folder of the project.
       * Default: the CAs of the system.
       */
      ca: optional(fileName),
      /**
       * SHA-256 of the node's certificate, in place of a CA. The provider cannot check it: `lifeboat env` hands it the
       * certificate.
       */
      fingerprint: optional(
        value(
          "a fingerprint",
          'SHA-256 of the certificate: 32 pairs of hex digits, such as "AA:BB:…"',
          parseFingerprint,
        ),
      ),
      /** How long Proxmox may take to make a guest. Default: 10m. */
      createTimeout: optional(createTimeoutSchema),
      /**
       * SSH to the nodes. Without it archives are not read on the node, and reports say so; host keys of guests are trusted on
       * first use.
       */
      ssh: optional(
        mapping({
          /** User on the node. Default: root. */
          user: optional(userName),
          /** Port of SSH on the node. Default: 22. */
          port: optional(wholeNumber("a port", 1, 65_535)),
          /** Private key; a relative path starts at the folder of the project. Default: what `ssh` chooses. */
          identity: optional(fileName),
          /**
           * Host keys of the nodes, lines of their `/etc/ssh/ssh_host_ed25519_key.pub`. Default: those that were recorded on
           * this machine.
           */
          hostKeys: optional(list("public SSH keys", publicKey)),
        }),
      ),
    },
    { insecure: "certificates are always checked: name the site's CA with ca" },
  ),
  oneTrust,
);

/** A user and a token: `lifeboat@pve!deploy=…`. */
export const tokenSchema = text("an API token", tokenForm, tokenPattern, 1024);

function parseFingerprint(raw: unknown): string | undefined {
  return typeof raw === "string" && /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}$/.test(raw) ? raw.toUpperCase() : undefined;
}

function parseCreateTimeout(raw: unknown): number | undefined {
  const seconds = parseDuration(raw);
  return seconds === undefined || seconds < 30 ? undefined : seconds;
}

function oneTrust(raw: unknown): Finding[] {
  if (at(raw, "ca") === undefined || at(raw, "fingerprint") === undefined) return [];
  const message = "ca and fingerprint exclude each other";
  return [{ path: ["fingerprint"], message, found: "both", allowed: "ca or fingerprint, or neither" }];
}
