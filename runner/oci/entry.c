// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * entry - the first instructions of moat-runtime, where it is linked statically. Floor F4. As long as nothing of the image
 * is relocated or written to, each of its segments is mapped once more, over itself, from a read-only copy of the mount it
 * lies on, and the kernel is told that this is our program file (PR_SET_MM_MAP; it refuses while anything of the old is
 * mapped). That is seal.c's work without its second exec. Where anything is not as usual the image is as good as before,
 * and main() starts anew, and says why if it cannot.
 *
 * The C library has not begun: nothing of it may be called, no pointer stand in a table, no variable be cleared or copied
 * by memset(3) or memcpy(3), which the compiler might put in (CMakeLists.txt).
 */
#include "runner/oci/entry.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#ifndef __x86_64__
#error "entry.c speaks to the kernel of x86-64 alone"
#endif

enum { PAGE = 4096, EMPTY_PATH = 0x1000 /* AT_EMPTY_PATH */ };

/* Commands that make processes a container can look at: as main()'s table says. */
static const char commands[][8] = {"create", "run", "exec"};
static const char self[] = "/proc/self/exe";

/* Where the program begins: the linker's name for the image's first byte */
extern const Elf64_Ehdr oci_entry_image __asm__("__ehdr_start") __attribute__((visibility("hidden")));

/* Then the C library's, which finds stack and registers as the kernel left them */
__asm__(".pushsection .text\n"
	".globl oci_entry\n"
	".hidden oci_entry\n"
	".type oci_entry, @function\n"
	"oci_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	endbr64\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rbx\n"
	"	movq %rdx, %r12\n"
	"	movq %rsp, %rdi\n"
	"	andq $-16, %rsp\n"
	"	call oci_entry_seal\n"
	"	movq %rbx, %rsp\n"
	"	movq %r12, %rdx\n"
	"	jmp _start\n"
	"	.cfi_endproc\n"
	".size oci_entry, . - oci_entry\n"
	".popsection");

/* In the image itself: nothing may be written here before that is mapped once more. */
static struct oci_entry_seal sealed;

static long call(long number, long a, long b, long c, long d, long e, long f);
static bool wanted(char *const *argv);
static long copy_open(void);
static bool segments_map(long file);
static bool program_file_set(long file, char *const *argv);

const struct oci_entry_seal *oci_entry_sealed(void)
{
	return sealed.done ? &sealed : NULL;
}

void oci_entry_seal(long *stack)
{
	char *const *argv = (char *const *)(stack + 1);
	char path[] = "/proc/self/fd/0";
	struct statfs st;
	long tree, file, length;

	if (!wanted(argv) || call(SYS_statfs, (long)self, (long)&st, 0, 0, 0, 0) < 0 ||
	    st.f_flags & ST_RDONLY)
		return;
	tree = copy_open();
	if (tree < 0)
		return;
	path[sizeof(path) - 2] = (char)('0' + tree);
	file = call(SYS_open, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0, 0);
	if (file >= 0 && segments_map(file)) {
		length = call(SYS_readlink, (long)self, (long)sealed.origin, sizeof(sealed.origin) - 1, 0, 0, 0);
		sealed.tree = (int)tree;
		sealed.done = length > 0 && length < (long)sizeof(sealed.origin) - 1 &&
			      program_file_set(file, argv);
	}
	if (file >= 0)
		(void)call(SYS_close, file, 0, 0, 0, 0, 0);
	if (!sealed.done)
		(void)call(SYS_close, tree, 0, 0, 0, 0, 0);
}

/* ----------------------------------------------------------------- helpers */

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* A word that is no command, but an id or a file, does no harm. */
static bool wanted(char *const *argv)
{
	if (!*argv)
		return false;
	while (*++argv)
		for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			const char *a = *argv, *b = commands[i];

			for (; *a && *a == *b; a++, b++)
				;
			if (*a == *b)
				return true;
		}
	return false;
}

/* Of the mount we lie on, read-only. Return: a descriptor of one digit that is no standard stream; -1 */
static long copy_open(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	long tree = call(SYS_open_tree, AT_FDCWD, (long)self, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0, 0);

	if (tree < 0)
		return -1;
	if (tree > 2 && tree < 10 &&
	    call(SYS_mount_setattr, tree, (long)"", EMPTY_PATH, (long)&attr, sizeof(attr), 0) == 0)
		return tree;
	(void)call(SYS_close, tree, 0, 0, 0, 0, 0);
	return -1;
}

/* As the kernel did it: of the last page what is beyond the file is zero. */
static bool segments_map(long file)
{
	const uintptr_t base = (uintptr_t)&oci_entry_image;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + oci_entry_image.e_phoff);

	for (unsigned int i = 0; i < oci_entry_image.e_phnum; i++, segment++) {
		const uintptr_t begin = base + segment->p_vaddr, end = begin + segment->p_filesz;
		const uintptr_t before = begin % PAGE;
		const long protection = (segment->p_flags & PF_R ? PROT_READ : 0) |
					(segment->p_flags & PF_W ? PROT_WRITE : 0) |
					(segment->p_flags & PF_X ? PROT_EXEC : 0);

		if (segment->p_type != PT_LOAD)
			continue;
		if (call(SYS_mmap, (long)(begin - before), (long)(end - begin + before), protection,
			 MAP_PRIVATE | MAP_FIXED, file, (long)(segment->p_offset - before)) < 0)
			return false;
		if (segment->p_memsz > segment->p_filesz)
			for (volatile char *at = (volatile char *)end; (uintptr_t)at % PAGE; at++)
				*at = 0;
	}
	return true;
}

/* All else stays what it was; where that is not known here, it is nothing but what ps(1) shows. */
static bool program_file_set(long file, char *const *argv)
{
	const uintptr_t image = (uintptr_t)&oci_entry_image, heap = (uintptr_t)call(SYS_brk, 0, 0, 0, 0, 0, 0);
	char *const *last = argv;
	const char *end;
	struct prctl_mm_map map = {
		.start_code = image,
		.end_code = image + PAGE,
		.start_data = image,
		.end_data = image + PAGE,
		.start_brk = heap,
		.brk = heap,
		.start_stack = (uintptr_t)(argv - 1),
		.arg_start = (uintptr_t)*argv,
		.exe_fd = (uint32_t)file,
	};

	while (last[1])
		last++;
	for (end = *last; *end; end++)
		;
	map.arg_end = map.env_start = (uintptr_t)end + 1;
	for (last += 2; *last; last++)
		for (end = *last; *end; end++)
			;
	map.env_end = (uintptr_t)end + 1;
	return call(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, (long)&map, sizeof(map), 0, 0) == 0;
}
