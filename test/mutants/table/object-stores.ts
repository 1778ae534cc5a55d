import { inFile, type Mutant } from "../mutant";

const bucket = "test/unit/scripts/clients/object-store/s3-store.test.ts";
const folder = "test/unit/scripts/clients/object-store/folder-store.test.ts";
const kept = "a condition keeps what somebody else wrote";

/** Buckets and folders that hold states and copies. */
export const objectStoreMutants: readonly Mutant[] = [
  ...inFile("stacks/copies-elsewhere.ts", [
    {
      name: "bucket: one elsewhere that cannot be read has no archive of a guest that is about to be made",
      from: 'return { kind: "unknown", reason: reasonOf(error) };',
      to: 'return { kind: "known", count: 0 };',
      killedBy: { file: "test/components/stacks/gate.test.ts", title: "a service that does not work now is unknown" },
    },
  ]),
  ...inFile("scripts/clients/object-store/s3-store.ts", [
    {
      name: "bucket: an object is replaced although somebody else has changed it",
      from: '"ifMatch" in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: "*" }',
      to: '"ifMatch" in condition ? {} : { IfNoneMatch: "*" }',
      killedBy: { file: bucket, title: "an object that somebody else has changed, or removed, is not written over" },
    },
    {
      name: "bucket: a new object takes the place of one that is there",
      from: '"ifMatch" in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: "*" }',
      to: '"ifMatch" in condition ? { IfMatch: condition.ifMatch } : {}',
      killedBy: { file: bucket, title: "a new object does not take the place of one that is there" },
    },
    {
      name: "bucket: a read that is refused finds nothing",
      from: "this.sendOptions.abortSignal?.throwIfAborted();\n      throw isMissing(s3FailureOf(error)) ? new NoSuchObject(this.place, key) : error;",
      to: "throw new NoSuchObject(this.place, key);",
      killedBy: { file: bucket, title: "'there is none' is told from 'not allowed'" },
    },
    {
      name: "bucket: a deletion leaves the environment's own folder",
      from: "this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: this.prefix + key })",
      to: "this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key })",
      killedBy: { file: bucket, title: "below a prefix an environment sees, writes and removes its own objects only" },
    },
  ]),
  ...inFile("scripts/clients/object-store/folder-store.ts", [
    {
      name: "folder: an object is replaced although somebody else has changed it",
      from: "look(path, key)?.etag !== condition.ifMatch",
      to: "look(path, key) === undefined",
      killedBy: { file: folder, title: kept },
    },
    {
      name: "folder: a new object takes the place of one that is there",
      from: "await link(draft, path);",
      to: "await rename(draft, path);",
      killedBy: { file: folder, title: kept },
    },
  ]),
];
