import { inFile } from "../mutant";

const run = "test/unit/scripts/inspect/node-script/run.test.ts";
const command = "test/commands/node-script/node-script.test.ts";
const quoting = "test/unit/scripts/inspect/node-script/quoting.test.ts";

/** What the script of a new node may do to it, and from what it is made. */
export const replacedNodeMutants = [
  ...inFile("scripts/inspect/node-script/frame.ts", [
    {
      name: "node script: what is there and differs is made all the same",
      from: '    printf \'here:\\\\n%s\\\\nsaved:\\\\n%s\\\\n\' "$2" "$3" | indented\n',
      to: "    new=yes\n",
      killedBy: { file: run, title: "what is there and differs is named, and stays as it is" },
    },
    {
      name: "node script: looking changes something",
      from: 'if [ "$apply" = no ]; then\n    say "missing     $what"\n  elif',
      to: "if",
      killedBy: { file: run, title: "without --apply it says what is missing, and changes nothing" },
    },
    {
      name: "node script: the network waits for the next start of the node",
      from: '  keep interfaces "$saved"\n',
      to: '  keep interfaces "$saved"\n  put /etc/network/interfaces.new "$saved"\n',
      killedBy: { file: run, title: "firewall and network are written beside, and neither is switched on" },
    },
    {
      name: "node script: the firewall is switched on with its rules",
      from: 'put "$2" "$(printf \'%s\\\\n\' "$saved" | "$4")"',
      to: 'put "$2" "$saved"',
      killedBy: { file: run, title: "firewall and network are written beside, and neither is switched on" },
    },
    {
      name: "node script: rules of the node count at once where the firewall is on",
      from: "|| ! is_on; then",
      to: "|| true; then",
      killedBy: { file: run, title: "what is there and differs is named, and stays as it is" },
    },
    {
      name: "node script: it runs on any node",
      from: '[ "\\${here%%.*}" = "$node" ] ||',
      to: "true ||",
      killedBy: {
        file: run,
        title: "on another node, without its files, or with a file that cannot be read it does nothing",
      },
    },
    {
      name: "node script: secrets of new tokens are printed",
      from: 'new_token() { pveum user token add "$@" >>"$place/new-tokens"; }',
      to: 'new_token() { pveum user token add "$@" | tee -a "$place/new-tokens"; }',
      killedBy: { file: run, title: "secrets of new tokens are in a file for root alone" },
    },
  ]),
  ...inFile("scripts/inspect/node-script/words.ts", [
    {
      name: "node script: saved texts are words of a shell",
      from: "words.map((word) => shellQuote(plainText(word))).join",
      to: 'words.map((word) => `"${plainText(word)}"`).join',
      killedBy: { file: quoting, title: "words with any character reach the shell as they are" },
    },
  ]),
  ...inFile("scripts/inspect/node-script/write-script.ts", [
    {
      name: "node script: a saved file ends the here-document that it stands in",
      from: 'while (lines.includes(mark)) mark += "_";',
      to: "",
      killedBy: { file: quoting, title: "nothing of a saved file ends a quote, a comment or a here-document" },
    },
  ]),
  ...inFile("scripts/inspect/node-script/storage-lines.ts", [
    {
      name: "node script: a storage with an encryption key is made with its fingerprint for the key",
      from: '...(properties.has("encryption-key") ? { "encryption-key": `/root/${id}.enc` } : {}),',
      to: "",
      killedBy: { file: run, title: "what fails is named, and the rest goes on" },
    },
  ]),
  ...inFile("scripts/inspect/node-script/find-saved.ts", [
    {
      name: "node script: a guest that gives no answer has saved nothing",
      from: "if (first !== undefined) throw withOtherPlaces(first.error, wish);",
      to: "",
      killedBy: { file: command, title: "what cannot be looked at is an error, and never 'there is none'" },
    },
  ]),
  ...inFile("scripts/clients/read-tar.ts", [
    {
      name: "node script: an archive that is cut off is one with fewer files",
      from: 'if (head.length < block) throw new Damaged("it is no whole tar archive: its end is missing");',
      to: "if (head.length < block) return files;",
      killedBy: {
        file: "test/unit/scripts/clients/read-tar.test.ts",
        title: "one that is cut off, damaged or none is no archive with fewer files",
      },
    },
  ]),
];
