// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compact - what seccomp(2) costs is, but for a seventh, proportional to the length of the filter: the kernel translates
 * each instruction twice. libseccomp asks for one number after the other, and writes a tree above that; podman's profile
 * has 1,400 instructions for some hundred ranges of numbers that are let through. Lowest floor of F4.
 *
 * A filter asks for architecture, number and arguments. Whatever it asks of the first two is a comparison with a constant;
 * so between two neighbouring constants of all these comparisons every value goes the same way, and one of them is tried:
 * its way ends at a verdict, or at a question about an argument. Ranges with one verdict become one, a search tree over
 * them is written, and where arguments count what is left of the program when architecture and number are known.
 * Written from its end, since jumps of a filter lead forward alone.
 */
#include "runner/filter/compact.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

enum {
	CASES_MAX = 65536, /* architectures by numbers: ways that are tried */
	VERDICTS = 8,	   /* different ones that are used again */
	JUMP_MAX = 255,	   /* of a comparison; further by one that has no condition */
	REUSE_MAX = 200,   /* how far a verdict may be to be jumped to */
};

/* What the accumulator holds, as bits */
enum held { HELD_ZERO = 1, HELD_NUMBER = 2, HELD_ARCH = 4, HELD_ARGUMENT = 8 };

/* Values from @start to that of the next one. @asks: arguments, else @verdict; @target: of what is written, 0: nothing yet */
struct range {
	uint32_t start, verdict;
	bool asks;
	size_t target;
};

struct points {
	uint32_t at[2 * BPF_MAXINSNS + 1];
	size_t count;
};

struct compaction {
	const struct sock_filter *from;
	size_t count;
	uint8_t held[BPF_MAXINSNS + 1]; /* before each; 0: never reached */
	struct points archs, numbers;	/* where other cases begin */
	uint32_t arch, number;		/* of the case that is written */
	size_t written[BPF_MAXINSNS];	/* for that case, where; 0: not yet */
	struct sock_filter to[BPF_MAXINSNS];
	size_t at; /* the first that is written; 0: there was no room */
	struct {
		uint32_t verdict;
		size_t at;
	} verdicts[VERDICTS];
	size_t verdict_count;
};

static bool understand(struct compaction *c);
static bool step(struct compaction *c, size_t pc);
static bool reach(struct compaction *c, size_t pc, uint64_t ahead, uint8_t held);
static bool compares(const struct sock_filter *op);
static bool holds(const struct sock_filter *op, uint32_t value);
static void point_add(struct points *points, const struct sock_filter *op);
static void points_sort(struct points *points);
static struct range way(const struct compaction *c, uint32_t arch, uint32_t number);
static size_t rest(struct compaction *c, size_t pc);
static void numbers_write(struct compaction *c, struct range *ret_arch);
static size_t tree(struct compaction *c, const struct range *ranges, size_t count);
static size_t leaf(struct compaction *c, const struct range *range);
static size_t write_op(struct compaction *c, struct sock_filter op);
static size_t write_before(struct compaction *c, struct sock_filter op, size_t next);
static size_t write_branch(struct compaction *c, uint16_t code, uint32_t k, size_t yes, size_t no);
static size_t write_verdict(struct compaction *c, uint32_t verdict);

size_t filter_compact(struct sock_filter *filter, size_t count)
{
	struct compaction *c = mem_alloc(sizeof(*c));
	struct range *archs;

	c->from = filter;
	c->count = count;
	c->at = BPF_MAXINSNS;
	if (count == 0 || count > BPF_MAXINSNS || !understand(c) || c->archs.count * c->numbers.count > CASES_MAX) {
		free(c);
		return count;
	}
	archs = mem_array(c->archs.count, sizeof(*archs));
	for (size_t i = c->archs.count; i-- > 0 && c->at;) {
		archs[i].start = c->arch = c->archs.at[i];
		numbers_write(c, &archs[i]);
	}
	if (c->at && c->archs.count > 1)
		write_before(c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
			     tree(c, archs, c->archs.count));
	else if (c->at)
		write_before(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0), leaf(c, archs));
	if (c->at && BPF_MAXINSNS - c->at < count) {
		count = BPF_MAXINSNS - c->at;
		memcpy(filter, c->to + c->at, count * sizeof(*filter));
	}
	free(archs);
	free(c);
	return count;
}

/* ----------------------------------------------------------------- helpers */

/* What the accumulator holds at each place, and the constants that architecture and number are compared with. */
static bool understand(struct compaction *c)
{
	c->archs.at[c->archs.count++] = 0;
	c->numbers.at[c->numbers.count++] = 0;
	c->held[0] = HELD_ZERO;
	for (size_t pc = 0; pc < c->count; pc++)
		if (c->held[pc] && !step(c, pc))
			return false;
	points_sort(&c->archs);
	points_sort(&c->numbers);
	return true;
}

static bool step(struct compaction *c, size_t pc)
{
	const struct sock_filter *op = &c->from[pc];
	const uint8_t held = c->held[pc];

	if (op->code == (BPF_LD | BPF_W | BPF_ABS)) {
		if (op->k % sizeof(uint32_t) || op->k >= sizeof(struct seccomp_data))
			return false;
		return reach(c, pc, 0,
			     op->k == offsetof(struct seccomp_data, nr)	    ? HELD_NUMBER
			     : op->k == offsetof(struct seccomp_data, arch) ? HELD_ARCH
									    : HELD_ARGUMENT);
	}
	if (op->code == (BPF_RET | BPF_K))
		return true;
	if (op->code == (BPF_JMP | BPF_JA))
		return reach(c, pc, op->k, held);
	if (op->code == (BPF_ALU | BPF_AND | BPF_K))
		return held == HELD_ARGUMENT && reach(c, pc, 0, held);
	if (!compares(op) || (held != HELD_ARGUMENT && (BPF_OP(op->code) == BPF_JSET)))
		return false;
	if (held == HELD_NUMBER)
		point_add(&c->numbers, op);
	else if (held == HELD_ARCH)
		point_add(&c->archs, op);
	else if (held != HELD_ARGUMENT)
		return false;
	return reach(c, pc, op->jt, held) && reach(c, pc, op->jf, held);
}

/* @ahead: how far behind the next one */
static bool reach(struct compaction *c, size_t pc, uint64_t ahead, uint8_t held)
{
	if (pc + 1 + ahead >= c->count)
		return false;
	c->held[pc + 1 + ahead] |= held;
	return true;
}

static bool compares(const struct sock_filter *op)
{
	const unsigned int what = BPF_OP(op->code);

	return op->code == (BPF_JMP | what | BPF_K) &&
	       (what == BPF_JEQ || what == BPF_JGT || what == BPF_JGE || what == BPF_JSET);
}

static bool holds(const struct sock_filter *op, uint32_t value)
{
	return BPF_OP(op->code) == BPF_JEQ   ? value == op->k
	       : BPF_OP(op->code) == BPF_JGT ? value > op->k
					     : value >= op->k;
}

/* There are no more than two an instruction. */
static void point_add(struct points *points, const struct sock_filter *op)
{
	if (BPF_OP(op->code) != BPF_JGT)
		points->at[points->count++] = op->k;
	if (BPF_OP(op->code) != BPF_JGE && op->k != UINT32_MAX)
		points->at[points->count++] = op->k + 1;
}

static int point_compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void points_sort(struct points *points)
{
	size_t kept = 0;

	qsort(points->at, points->count, sizeof(*points->at), point_compare);
	for (size_t i = 0; i < points->count; i++)
		if (kept == 0 || points->at[i] != points->at[kept - 1])
			points->at[kept++] = points->at[i];
	points->count = kept;
}

/* Where one case leads */
static struct range way(const struct compaction *c, uint32_t arch, uint32_t number)
{
	struct range range = {.start = number};
	uint32_t value = 0;

	for (size_t pc = 0;;) {
		const struct sock_filter *op = &c->from[pc++];

		if (op->code == (BPF_RET | BPF_K)) {
			range.verdict = op->k;
			return range;
		}
		if (op->code == (BPF_JMP | BPF_JA)) {
			pc += op->k;
		} else if (compares(op)) {
			pc += holds(op, value) ? op->jt : op->jf;
		} else if (op->k == offsetof(struct seccomp_data, nr)) {
			value = number;
		} else if (op->k == offsetof(struct seccomp_data, arch)) {
			value = arch;
		} else {
			range.asks = true;
			return range;
		}
	}
}

/* What of the program is left to do from @pc on, in the case that is written. As deep as it is long. Return: where it is. */
static size_t rest(struct compaction *c, size_t pc)
{
	const struct sock_filter *op = &c->from[pc];
	size_t yes, no;

	if (!c->at || c->written[pc])
		return c->written[pc];
	if (op->code == (BPF_RET | BPF_K)) {
		c->written[pc] = write_verdict(c, op->k);
	} else if (op->code == (BPF_JMP | BPF_JA)) {
		c->written[pc] = rest(c, pc + 1 + op->k);
	} else if (compares(op) && c->held[pc] == HELD_ARGUMENT) {
		yes = rest(c, pc + 1 + op->jt);
		no = rest(c, pc + 1 + op->jf);
		c->written[pc] = yes == no ? yes : write_branch(c, op->code, op->k, yes, no);
	} else if (compares(op)) {
		c->written[pc] = rest(c, pc + 1 + (holds(op, c->held[pc] == HELD_ARCH ? c->arch : c->number) ? op->jt : op->jf));
	} else if (op->code == (BPF_LD | BPF_W | BPF_ABS) && (op->k == offsetof(struct seccomp_data, nr) ||
							      op->k == offsetof(struct seccomp_data, arch))) {
		c->written[pc] = rest(c, pc + 1);
	} else {
		c->written[pc] = write_before(c, *op, rest(c, pc + 1));
	}
	return c->written[pc];
}

/* All numbers of one architecture */
static void numbers_write(struct compaction *c, struct range *ret_arch)
{
	struct range *ranges = mem_array(c->numbers.count, sizeof(*ranges));
	size_t count = 0;

	for (size_t i = 0; i < c->numbers.count; i++) {
		const struct range next = way(c, c->arch, c->numbers.at[i]);

		if (count && !next.asks && !ranges[count - 1].asks && next.verdict == ranges[count - 1].verdict)
			continue;
		ranges[count++] = next;
	}
	if (count == 1 && !ranges[0].asks) {
		ret_arch->verdict = ranges[0].verdict;
	} else {
		ret_arch->target = tree(c, ranges, count);
		if (count > 1)
			ret_arch->target = write_before(
				c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
				ret_arch->target);
	}
	free(ranges);
}

static bool same(const struct range *a, const struct range *b)
{
	return !a->asks && !b->asks && !a->target && !b->target && a->verdict == b->verdict;
}

/* The value is in the accumulator. Return: where the tree is, or the one leaf. */
static size_t tree(struct compaction *c, const struct range *ranges, size_t count)
{
	size_t middle = count / 2, above, below;

	if (!c->at)
		return 0;
	if (count == 1)
		return leaf(c, ranges);
	if (count == 2 && same(&ranges[0], &ranges[1]))
		return leaf(c, ranges);
	/* one value among others */
	if (count == 3 && ranges[2].start - ranges[1].start == 1 && same(&ranges[0], &ranges[2])) {
		below = leaf(c, &ranges[0]);
		above = leaf(c, &ranges[1]);
		return write_branch(c, BPF_JMP | BPF_JEQ | BPF_K, ranges[1].start, above, below);
	}
	above = tree(c, ranges + middle, count - middle);
	below = tree(c, ranges, middle);
	return write_branch(c, BPF_JMP | BPF_JGE | BPF_K, ranges[middle].start, above, below);
}

static size_t leaf(struct compaction *c, const struct range *range)
{
	if (range->target)
		return range->target;
	if (!range->asks)
		return write_verdict(c, range->verdict);
	c->number = range->start;
	memset(c->written, 0, c->count * sizeof(*c->written));
	return rest(c, 0);
}

/* ------------------------------------------------ written from the end on */

static size_t write_op(struct compaction *c, struct sock_filter op)
{
	if (c->at == 0)
		return 0;
	c->to[--c->at] = op;
	return c->at;
}

/* @op, and behind it what is at @next; a jump without condition is the way to there alone */
static size_t write_before(struct compaction *c, struct sock_filter op, size_t next)
{
	if (c->at && next != c->at)
		write_op(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t)(next - c->at), 0, 0));
	return op.code == (BPF_JMP | BPF_JA) ? c->at : write_op(c, op);
}

static size_t write_branch(struct compaction *c, uint16_t code, uint32_t k, size_t yes, size_t no)
{
	if (!c->at)
		return 0;
	/* the second such jump would move the first one's target on */
	if (no - c->at > JUMP_MAX - 1)
		no = write_op(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t)(no - c->at), 0, 0));
	if (c->at && yes - c->at > JUMP_MAX)
		yes = write_op(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t)(yes - c->at), 0, 0));
	return c->at ? write_op(c, (struct sock_filter)BPF_JUMP(code, k, (uint8_t)(yes - c->at), (uint8_t)(no - c->at))) : 0;
}

static size_t write_verdict(struct compaction *c, uint32_t verdict)
{
	size_t i = 0;

	while (i < c->verdict_count && c->verdicts[i].verdict != verdict)
		i++;
	if (i < c->verdict_count && c->verdicts[i].at - c->at <= REUSE_MAX)
		return c->verdicts[i].at;
	if (i == c->verdict_count && c->verdict_count < VERDICTS)
		c->verdict_count++;
	else if (i == c->verdict_count)
		i = 0;
	c->verdicts[i].verdict = verdict;
	c->verdicts[i].at = write_op(c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
	return c->verdicts[i].at;
}
