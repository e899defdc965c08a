// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * relro - what the linker filled in of addresses is written no more. Floor F0, before any of ours but runner/oci/entry.c.
 * glibc does so in a static program, too; musl 1.2.3 in its dynamic linker alone.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 }; /* of x86-64, and what ld(1) -z relro rounds the end of the part to */

/* The linker's name for the image's first byte */
extern const Elf64_Ehdr relro_image __asm__("__ehdr_start") __attribute__((visibility("hidden")));

void relro_seal(void); /* its name is how lib/libc/CMakeLists.txt has the linker take this file */

__attribute__((constructor(101))) void relro_seal(void)
{
	const uintptr_t base = (uintptr_t)&relro_image;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + relro_image.e_phoff);

	for (unsigned int i = 0; i < relro_image.e_phnum; i++, segment++) {
		uintptr_t begin = base + segment->p_vaddr, end = begin + segment->p_memsz;

		if (segment->p_type != PT_GNU_RELRO)
			continue;
		begin &= ~(uintptr_t)(PAGE - 1);
		end &= ~(uintptr_t)(PAGE - 1);
		if (end > begin && mprotect((void *)begin, end - begin, PROT_READ) < 0)
			abort();
	}
}
