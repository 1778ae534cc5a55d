/**
 * Makes a guest of this process, which is the first of its own namespaces (mount, process ids, network, name): the tree with a layer
 * in memory over it that takes what is written, and nothing of this machine but its kernel and six devices.
 *
 * It then waits for the end of its standard input, which comes with the end of whoever started it, killed or not: the kernel ends all
 * other processes with the first, and the mounts and the network with the last of them.
 *
 * Positional arguments: the tree, an empty folder to mount on, the bytes that the guest may write in all.
 */
export const startScript = `
set -e
tree=$1 stage=$2 room=$3
mount -t tmpfs -o "mode=755,size=$room" lifeboat-guest "$stage"
cd "$stage"
mkdir upper work root
mount -t overlay -o "lowerdir=$tree,upperdir=$stage/upper,workdir=$stage/work" overlay root
mount -t proc proc root/proc
mount -t sysfs -o ro sysfs root/sys
mount -t tmpfs -o mode=755 dev root/dev
for device in null zero full random urandom tty; do
  : > "root/dev/$device"
  mount --bind "/dev/$device" "root/dev/$device"
done
ln -s /proc/self/fd root/dev/fd
ln -s /proc/self/fd/0 root/dev/stdin
ln -s /proc/self/fd/1 root/dev/stdout
ln -s /proc/self/fd/2 root/dev/stderr
mkdir -m 1777 root/dev/shm
mount -t tmpfs -o mode=1777 shm root/dev/shm
mount -t tmpfs -o mode=755 run root/run
mkdir -p root/run/lock root/run/sshd
install -d -m 2775 -o "$(stat -c %u root/var/lib/postgresql)" -g "$(stat -c %g root/var/lib/postgresql)" root/run/postgresql
install -d -o "$(stat -c %u root/var/lib/mysql)" -g "$(stat -c %g root/var/lib/mysql)" root/run/mysqld
echo guest > root/etc/hostname
printf '127.0.0.1 localhost\\n127.0.1.1 guest\\n' > root/etc/hosts
cd root
pivot_root . .
umount -l .
cd /
hostname guest
ip link set lo up
exec perl -e '$SIG{CHLD} = "IGNORE"; $SIG{$_} = "IGNORE" for qw(HUP INT TERM); $| = 1; print "ready\\n"; 1 while <STDIN>;'
`;
