import { backupPart } from "./backup";
import { basePart } from "./base";
import { extractPart } from "./extract";
import { factsPart } from "./facts";
import { installPart } from "./install";
import { pastPart } from "./past";
import { recoverPart } from "./recover";
import { scanPart } from "./scan";

const mainPart = `main() {
  [ "$#" -ge 2 ] || fail 2 "write: lifeboat-data-pitr VERB SOURCE [WORD…]"
  verb=$1
  load_source "$2"
  shift 2
  prepare_folders
  case $verb in
  status | has-backup | facts | scan | scan-here) ;;
  *) lock ;;
  esac
  case $verb in
  install) install_source ;;
  remove) remove_source ;;
  backup) back_up "$@" ;;
  status) status ;;
  check) patience=120 && must "WAL does not arrive in the archive" check ;;
  has-backup) has_backup ;;
  facts) facts ;;
  flush) flush ;;
  scan) scan "$@" ;;
  scan-here) scan_here "$@" ;;
  fetch) fetch_set "$@" ;;
  replay) replay "$@" ;;
  extract) extract "$@" ;;
  swap) swap "$@" ;;
  prove) prove "$@" ;;
  finish) finish "$@" ;;
  undo) undo "$@" ;;
  forget) forget "$@" ;;
  *) fail 2 "lifeboat-data-pitr knows no '$verb'" ;;
  esac
}
main "$@"
`;

/**
 * `lifeboat-data-pitr`, the program in a guest that archives a PostgreSQL cluster with pgBackRest and recovers it to a point in time:
 * POSIX shell, because guests have no Node. Only facts are told and single steps done here; what to do is decided by `lifeboat`.
 */
export const pointInTimeProgram = [
  basePart,
  pastPart,
  installPart,
  backupPart,
  factsPart,
  scanPart,
  recoverPart,
  extractPart,
  mainPart,
].join("\n");
