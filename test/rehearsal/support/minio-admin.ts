import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import type { KeyPair } from "../../../site/settings/environment";
import type { PolicyDocument } from "../../../site/state-store/policies";
import { type Answer, type AnyRequest, send, type Sender } from "./signed-requests";

/** A request of MinIO's administration, whose body is encrypted with the sender's own secret key where `sealed` is set. */
export function administer(
  endpoint: string,
  sender: Sender,
  method: AnyRequest["method"],
  call: string,
  query: Readonly<Record<string, string>>,
  { plain, sealed }: { readonly plain?: object; readonly sealed?: object } = {},
): Promise<Answer> {
  const body =
    sealed === undefined ? JSON.stringify(plain ?? undefined) : seal(JSON.stringify(sealed), sender.secretKey);
  return send(endpoint, sender, { method, path: `/minio/admin/v3/${call}`, query, ...(body && { body }) });
}

/** A user with a policy, as the provider makes them. @throws Error with what the server says */
export async function makeIdentity(
  endpoint: string,
  root: Sender,
  key: KeyPair,
  policy: PolicyDocument,
): Promise<void> {
  const { accessKey: name, secretKey } = key;
  const user = { secretKey, status: "enabled" };
  const attachment = { policyName: name, userOrGroup: name, isGroup: "false" };
  const answers = [
    await administer(endpoint, root, "PUT", "add-user", { accessKey: name }, { sealed: user }),
    await administer(endpoint, root, "PUT", "add-canned-policy", { name }, { plain: policy }),
    await administer(endpoint, root, "PUT", "set-user-or-group-policy", attachment),
  ];
  for (const { status, text } of answers) if (status !== 200) throw new Error(`${String(status)} ${text}`);
}

/**
 * `EncryptData` of MinIO's `madmin`, with PBKDF2: 32 bytes of salt, the number of the method, a nonce, and one packet of
 * AES-GCM. A packet's additional data are a mark of the last one and the tag of an empty packet before it.
 */
function seal(text: string, password: string): Buffer {
  const [salt, nonce] = [randomBytes(32), randomBytes(8)];
  const key = pbkdf2Sync(password, salt, 8_192, 32, "sha256");
  const packet = (number: number, content: string, additional: Buffer): Buffer => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32LE(number);
    const cipher = createCipheriv("aes-256-gcm", key, Buffer.concat([nonce, counter]));
    cipher.setAAD(additional);
    return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  };
  const mark = packet(0, "", Buffer.alloc(0));
  const sealed = packet(1, text, Buffer.concat([Buffer.from([0x80]), mark]));
  return Buffer.concat([salt, Buffer.from([2]), nonce, sealed]);
}
