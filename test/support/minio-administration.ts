/** Who may use a server, as its administration lists and changes it. */
export interface Identities {
  /** Buckets by access key; `*`: all. */
  readonly users: Map<string, readonly string[]>;
  /** Access keys that somebody has made for himself, and whose they are. */
  readonly accounts: Map<string, string>;
}

export interface AdminAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const base = "/minio/admin/v3/";

export function isAdministration(path: string): boolean {
  return path.startsWith(base);
}

/**
 * As much of MinIO's administration as Lifeboat uses, as MinIO answers it (recorded by the rehearsal); and `add-user`, whose
 * words are packed there, as a stand-in for its provider sends it.
 */
export function administer({ users, accounts }: Identities, url: URL): AdminAnswer {
  const user = url.searchParams.get("accessKey") ?? "";
  switch (url.pathname.slice(base.length)) {
    case "export-iam":
      return { status: 200, body: exportOf({ users, accounts }) };
    case "add-user":
      users.set(user, users.get(user) ?? ["*"]);
      return { status: 200, body: Buffer.alloc(0) };
    case "remove-user":
      if (!users.delete(user)) return refusal(404, "XMinioAdminNoSuchUser");
      for (const [account, parent] of accounts) if (parent === user) accounts.delete(account);
      return { status: 200, body: Buffer.alloc(0) };
    case "remove-canned-policy":
      return refusal(404, "XMinioAdminNoSuchPolicy");
    default:
      return refusal(501, "NotImplemented");
  }
}

function refusal(status: number, code: string): AdminAnswer {
  return { status, body: Buffer.from(JSON.stringify({ Code: code, Message: code })) };
}

function exportOf({ users, accounts }: Identities): Buffer {
  const listed = Object.fromEntries([...users.keys()].map((name) => [name, { status: "enabled" }]));
  const made = Object.fromEntries([...accounts].map(([name, parent]) => [name, { parent }]));
  return zipOf({ "iam-assets/users.json": JSON.stringify(listed), "iam-assets/svcaccts.json": JSON.stringify(made) });
}

/** A ZIP archive whose files are not packed; nobody here checks their sums. */
function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const [title, content] = [Buffer.from(name), Buffer.from(text)];
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt32LE(content.length, 22);
    head.writeUInt16LE(title.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt32LE(content.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(title.length, 28);
    entry.writeUInt32LE(at, 42);
    directory.push(entry, title);
    parts.push(head, title, content);
    at += head.length + title.length + content.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}
