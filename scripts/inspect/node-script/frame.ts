/** What every script of a node begins with. POSIX shell; it is read by people before it runs. @param node, place words of the shell */
export function beginning(node: string, place: string): string {
  return `set -u
LC_ALL=C
export LC_ALL
node=${node}
# Saved files that are not switched on, and secrets of new tokens.
place=${place}
apply=no added=0 differs=0 failed=0 new=no to_do=

say() { printf '%s\\n' "$*"; }
stop() {
  printf '%s\\n' "$1" >&2
  exit 2
}
indented() { sed 's/^/            /'; }
# Something that only a person can do; all of it is said again at the end.
later() { to_do="$to_do
  $1"; }
# The same, where the thing before it is new.
then_later() { [ "$new" = no ] || later "$1"; }

# compare WHAT HERE SAVED: 0 where nothing is here. What is here is never changed.
compare() {
  new=no
  if [ -z "$2" ]; then
    new=yes
  elif [ "$2" = "$3" ]; then
    say "same        $1"
  else
    differs=$((differs + 1))
    say "DIFFERS     $1: it stays as it is here"
    printf 'here:\\n%s\\nsaved:\\n%s\\n' "$2" "$3" | indented
  fi
  [ "$new" = yes ]
}
# want WHAT HERE SAVED COMMAND...
want() {
  compare "$1" "$2" "$3" || return 0
  what=$1
  shift 3
  if [ "$apply" = no ]; then
    say "missing     $what"
  elif "$@" </dev/null; then
    added=$((added + 1))
    say "added       $what"
  else
    failed=$((failed + 1)) new=no
    say "FAILED      $what"
  fi
}
# by_hand WHAT HERE SAVED LINE: the line needs something that no file has.
by_hand() {
  compare "$1" "$2" "$3" || return 0
  say "BY HAND     $1"
  later "$4"
}
# want_folder FOLDER WHAT HERE SAVED COMMAND...: Proxmox would make a folder whose disk is not mounted yet, on another disk.
want_folder() {
  folder=$1
  shift
  if [ -n "$2" ] || [ -d "$folder" ]; then
    want "$@"
  else
    say "BY HAND     $1: there is no $folder"
    later "$1: mount or make $folder, then this script again"
  fi
}

# What is here, in the words of the saved files.
# lines TYPE ID COLUMNS
lines() {
  [ -e /etc/pve/user.cfg ] || return 0
  type=$1 id=$2 last=$3 awk -F: '$1 "" == ENVIRON["type"] "" && $2 "" == ENVIRON["id"] "" {
    line = $1
    for (i = 2; i <= ENVIRON["last"]; i++) line = line ":" $i
    print line
  }' /etc/pve/user.cfg
}
# group and pool have their members beside the comment, and a role its privileges in any order.
comment_line() {
  [ -e /etc/pve/user.cfg ] || return 0
  type=$1 id=$2 at=$3 awk -F: '$1 "" == ENVIRON["type"] "" && $2 "" == ENVIRON["id"] "" {
    print $1 ":" $2 ":" $ENVIRON["at"]
  }' /etc/pve/user.cfg
}
role_line() { lines role "$1" 3 | sorted_list 3 :; }
# sorted_list COLUMN SEPARATOR
sorted_list() {
  column=$1 awk -F"$2" -v OFS="$2" '{
    n = split($ENVIRON["column"], one, ",")
    for (i = 2; i <= n; i++) for (j = i; j > 1 && one[j - 1] "" > one[j] ""; j--) {
      swap = one[j]; one[j] = one[j - 1]; one[j - 1] = swap
    }
    list = one[1]
    for (i = 2; i <= n; i++) list = list "," one[i]
    $ENVIRON["column"] = list
    print
  }'
}
# member TYPE ID COLUMN NAME
member() {
  [ -e /etc/pve/user.cfg ] || return 0
  type=$1 id=$2 column=$3 name=$4 awk -F: '$1 "" == ENVIRON["type"] "" && $2 "" == ENVIRON["id"] "" {
    n = split($ENVIRON["column"], one, ",")
    for (i = 1; i <= n; i++) if (one[i] "" == ENVIRON["name"] "") { print "yes"; exit }
  }' /etc/pve/user.cfg
}
# right PATH WHO ROLE: whether it is handed on, 1 or 0
right() {
  [ -e /etc/pve/user.cfg ] || return 0
  path=$1 who=$2 role=$3 awk -F: '$1 == "acl" && $3 "" == ENVIRON["path"] "" {
    n = split($4, whom, ",")
    m = split($5, roles, ",")
    for (i = 1; i <= n; i++) if (whom[i] "" == ENVIRON["who"] "")
      for (j = 1; j <= m; j++) if (roles[j] "" == ENVIRON["role"] "") { print $2; exit }
  }' /etc/pve/user.cfg
}
# section FILE ID: its type and its properties, sorted
section() {
  [ -e "$1" ] || return 0
  id=$2 awk '
    /^[a-z]/ { inside = ($2 "" == ENVIRON["id"] ""); if (inside) { sub(/:$/, "", $1); print "type " $1 } next }
    inside && NF == 1 { print $1 " 1" }
    inside && NF > 1 { key = $1; sub(/^[ \\t]*[^ \\t]+[ \\t]+/, ""); sub(/[ \\t]+$/, ""); print key " " $0 }
  ' "$1" | while IFS= read -r line; do
    case $line in
    "content "* | "nodes "*) say "$line" | sorted_list 2 ' ' ;;
    *) say "$line" ;;
    esac
  done | sort
}
# in_place OLD NEW CONTENT...: another storage stands for it, and nothing of it is defined
in_place() {
  old=$1 now=$2
  shift 2
  if [ -z "$(section /etc/pve/storage.cfg "$now")" ]; then
    say "BY HAND     storage $now, which stands for $old: it is not here"
    later "make storage $now, which stands for $old and takes: $*"
    return
  fi
  takes=$(section /etc/pve/storage.cfg "$now" | sed -n 's/^content //p')
  say "same        storage $now, which stands for $old"
  for content in "$@"; do
    case ",$takes," in
    *",$content,"*) ;;
    *) say "LOOK        storage $now takes no $content, as $old did" ;;
    esac
  done
}
new_token() { pveum user token add "$@" >>"$place/new-tokens"; }

case "\${1-}" in
"") say "This only looks. What is missing is added by: sh $0 --apply" ;;
--apply) apply=yes ;;
*) stop "usage: sh $0 [--apply]" ;;
esac
[ "$(id -u)" = 0 ] || stop "root runs this, on $node"
here=$(uname -n)
[ "\${here%%.*}" = "$node" ] || stop "this is for $node, and here is $here"
[ -d "/etc/pve/nodes/$node" ] || stop "/etc/pve has no node $node: does pve-cluster run?"
for tool in pveum pvesm awk diff; do
  command -v "$tool" >/dev/null || stop "$tool is not to be found: is this a node of Proxmox VE?"
done
for file in /etc/pve/user.cfg /etc/pve/storage.cfg /etc/pve/domains.cfg /etc/pve/firewall/cluster.fw \\
  "/etc/pve/nodes/$node/host.fw" /etc/network/interfaces; do
  [ ! -e "$file" ] || cat "$file" >/dev/null || stop "$file cannot be read"
done
if [ "$apply" = yes ]; then
  mkdir -p "$place" || stop "$place cannot be made"
  chmod 700 "$place" || stop "$place cannot be made root's own"
fi
`;
}

/** Defines what files need. */
export const fileFunctions = `switched_off() { sed 's/^enable:.*/enable: 0/'; }
# Whether the firewall of the datacenter is switched on here.
is_on() {
  [ -e /etc/pve/firewall/cluster.fw ] &&
    awk '/^enable:/ { sub(/^enable:/, ""); on = $0 + 0 } END { exit !on }' /etc/pve/firewall/cluster.fw
}
put() { mkdir -p "\${1%/*}" && printf '%s\\n' "$2" >"$1"; }
# Keeps a saved file beside what is here, to compare them.
keep() { [ "$apply" = no ] || put "$place/$1" "$2"; }
# firewall WHAT FILE COPY FILTER: the saved one comes on standard input, and is written as the filter leaves it
firewall() {
  saved=$(cat)
  keep "$3" "$saved"
  if [ ! -e "$2" ]; then
    want "$1" "" "$saved" put "$2" "$(printf '%s\\n' "$saved" | "$4")"
  elif [ "$("$4" <"$2")" = "$(printf '%s\\n' "$saved" | "$4")" ]; then
    say "same        $1"
  else
    differs=$((differs + 1))
    say "DIFFERS     $1: it stays as it is here"
    printf '%s\\n' "$saved" | diff -u -L here -L saved "$2" - | indented
  fi
}
host_firewall() {
  if [ -e "/etc/pve/nodes/$node/host.fw" ] || ! is_on; then
    firewall "firewall of the node" "/etc/pve/nodes/$node/host.fw" host.fw cat
    return
  fi
  keep host.fw "$(cat)"
  say "BY HAND     firewall of the node: the firewall is on here, and its rules would count at once"
  later "firewall: look at $place/host.fw, keep a way in, then: cp $place/host.fw /etc/pve/nodes/$node/host.fw"
}
# The saved network comes on standard input. It is never switched on from here: not /etc/network/interfaces.new, which the
# next start of the node would take.
network() {
  saved=$(cat)
  keep interfaces "$saved"
  if printf '%s\\n' "$saved" | diff -b /etc/network/interfaces - >/dev/null 2>&1; then
    say "same        network"
    return
  fi
  say "LOOK        network: it stays as it is here"
  printf '%s\\n' "$saved" | diff -ub -L here -L saved /etc/network/interfaces - | indented
  later "network: compare /etc/network/interfaces with $place/interfaces, names of the cards first; take over what is missing, then ifreload -a, with a console at hand"
}
`;

/** What every script of a node ends with. */
export const end = `say ""
if [ "$apply" = no ]; then say "Nothing was changed."; else say "$added added, $failed failed, $differs different."; fi
[ ! -e "$place/new-tokens" ] || later "new secrets of tokens are in $place/new-tokens: put them where the old ones were used, then shred -u $place/new-tokens"
[ -z "$to_do" ] || say "By hand:$to_do"
[ "$failed" = 0 ] || exit 1
[ "$differs" = 0 ] || exit 3
`;
