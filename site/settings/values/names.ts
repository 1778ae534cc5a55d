import { text } from "../schema-tools";

/**
 * Names. Each pattern is what Proxmox takes or narrower: no control character, quote, space or shell character passes,
 * so that a name can stand in a path, a command line and a report.
 */

const label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

/** A guest's or disk's name. It begins with a letter, so that it is never taken for an id. */
export const guestName = text(
  "a name",
  "letters, digits and -, beginning with a letter and not ending in -, at most 63, such as web-1",
  /^[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
);

/** Proxmox's `dns-name`. */
export const dnsName = text("a DNS name", "a DNS name such as example.com", new RegExp(`^${label}(?:\\.${label})*$`));

/** A node's name. */
export const nodeName = text("a node's name", "letters, digits and -, such as pve-prod", new RegExp(`^${label}$`));

/** Proxmox's `pve-storage-id`. */
export const storageId = text(
  "a storage's id",
  "two or more letters, digits, -, _ and ., beginning with a letter and ending in a letter or digit, such as local",
  /^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]$/,
  100,
);

/** Proxmox's `pve-poolid`, without nesting beyond three levels. */
export const poolId = text(
  "a pool's id",
  "letters, digits, -, _ and ., such as prod",
  /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/,
);

/** Id of a backup job. */
export const jobId = text(
  "a job's id",
  "two or more letters, digits, - and _, beginning with a letter, such as lifeboat-prod",
  /^[A-Za-z][A-Za-z0-9_-]+$/,
  50,
);

/** A Linux interface's name. */
export const bridgeName = text(
  "a bridge",
  "a bridge of the node, at most 15 characters, such as vmbr0",
  /^[A-Za-z][A-Za-z0-9_.-]{0,14}$/,
);

/** Lower case only: Proxmox lowers tags, which the provider would take for a change with every preview. */
export const tagName = text(
  "a tag",
  "lower-case letters, digits, -, _, + and ., such as web",
  /^[a-z0-9_][a-z0-9_+.-]*$/,
  64,
);

/** A container template's volume id. */
export const templateId = text(
  "a container template",
  "storage:vztmpl/file, such as local:vztmpl/debian-12-standard_amd64.tar.zst",
  /^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]:vztmpl\/[A-Za-z0-9][A-Za-z0-9._+~-]*\.(?:tar|tar\.(?:gz|xz|zst|bz2)|tgz)$/,
);

/** Volume id of an image that a virtual machine's disk can be made from. */
export const imageId = text(
  "an image",
  "storage:import/file, such as local:import/debian-12.qcow2",
  /^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]:import\/[A-Za-z0-9][A-Za-z0-9._+~-]*\.(?:qcow2|raw|vmdk)$/,
);

/** An id of a restore that a Pulumi program asks for: it is a part of a resource's name. */
export const requestIdPattern = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
export const requestIdForm = "letters, digits, -, _ and ., at most 63";
export const requestId = text("an id", `${requestIdForm}, such as 2026-11-21-web`, requestIdPattern);

/** Volume id of an archive. */
export const archiveId = text(
  "an archive",
  "storage:backup/…, such as backup:backup/vzdump-lxc-101-2026_11_20-01_00_00.tar.zst; lifeboat backups lists them",
  /^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]:backup\/[A-Za-z0-9][A-Za-z0-9._:+/-]*$/,
);

/** A login name. */
export const userName = text("a user", "a login name such as root", /^[a-z_][a-z0-9_-]{0,31}$/);

/** A public key as a line of `authorized_keys`, without options. */
export const publicKey = text(
  "a public SSH key",
  "one line of an OpenSSH .pub file, such as ssh-ed25519 AAAA… you@example.com",
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,3}(?: [\x20-\x7e]*)?$/,
  16_384,
);

/** A mail address, as far as a pattern can tell. */
export const mailAddress = text(
  "a mail address",
  "an address such as ops@example.com",
  /^[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/,
);

/** A file's name, absolute or from the project's folder. */
export const fileName = text(
  "a file",
  "a file's path, absolute or from the project's folder, such as site-ca.pem",
  /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u,
  4096,
);

/** A sentence for people, on one line. */
export const sentence = text(
  "a line of text",
  "one line of text, not empty, at most 200 characters",
  /^(?=.*\S)[^\p{Cc}\p{Zl}\p{Zp}]+$/u,
  200,
);

/** Text for people, on any number of lines. */
export const paragraphs = text(
  "a text",
  "text of at most 4096 characters, without control characters other than line breaks",
  /^(?:[^\p{Cc}]|[\n\t])*$/u,
  4096,
);
