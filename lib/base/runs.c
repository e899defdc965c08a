/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runs - a set of numbers as its runs, in an AA tree (A. Andersson, "Balanced
 * search trees made simple", 1993): a red-black tree whose red links lean
 * right, so that two turns, skew and split, are all its balance. Floor F0.
 *
 * Balanced whatever the order of insertion: who chooses the numbers (the
 * addresses a tenant asks for) cannot make the tree deep. The level of a node
 * is at most log2 of the count, and so the recursion at most twice that.
 *
 * Runs never touch: between two of them is a gap of at least one number.
 */
#include "lib/base/runs.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/mem.h"

struct runs_node {
	uint64_t first, last; /* both in the set */
	struct runs_node *left, *right;
	unsigned level; /* of a leaf 1 */
};

static void node_free(struct runs_node *node)
{
	if (!node)
		return;
	node_free(node->left);
	node_free(node->right);
	free(node);
}

void runs_fini(struct runs *runs)
{
	node_free(runs->root);
	*runs = (struct runs){ 0 };
}

/* A left child of the same level becomes the parent. */
static struct runs_node *skew(struct runs_node *node)
{
	struct runs_node *left = node->left;

	if (!left || left->level != node->level)
		return node;
	node->left = left->right;
	left->right = node;
	return left;
}

/* Two right children in a row of the same level: the middle one rises. */
static struct runs_node *split(struct runs_node *node)
{
	struct runs_node *right = node->right;

	if (!right || !right->right || right->right->level != node->level)
		return node;
	node->right = right->left;
	right->left = node;
	right->level++;
	return right;
}

static struct runs_node *insert(struct runs_node *node, struct runs_node *new)
{
	if (!node)
		return new;
	if (new->first < node->first)
		node->left = insert(node->left, new);
	else
		node->right = insert(node->right, new);
	return split(skew(node));
}

static unsigned level_of(const struct runs_node *node) { return node ? node->level : 0; }

/* A child below has lost a level: this one follows, and the turns go down the right side. */
static struct runs_node *rebalance(struct runs_node *node)
{
	unsigned level = level_of(node->left) < level_of(node->right) ? level_of(node->left) : level_of(node->right);

	if (level + 1 < node->level) {
		node->level = level + 1;
		if (node->right && node->right->level > node->level)
			node->right->level = node->level;
	}
	node = skew(node);
	if (node->right) {
		node->right = skew(node->right);
		if (node->right->right)
			node->right->right = skew(node->right->right);
	}
	node = split(node);
	if (node->right)
		node->right = split(node->right);
	return node;
}

/* The run that begins at @first leaves the tree. */
static struct runs_node *erase(struct runs_node *node, uint64_t first)
{
	assert(node);
	if (first < node->first) {
		node->left = erase(node->left, first);
	} else if (first > node->first) {
		node->right = erase(node->right, first);
	} else if (!node->left && !node->right) {
		free(node);
		return NULL;
	} else {
		/* its neighbour in order takes its place, and goes where it was */
		struct runs_node *next = node->left ? node->left : node->right;

		while (node->left ? next->right != NULL : next->left != NULL)
			next = node->left ? next->right : next->left;
		node->first = next->first;
		node->last = next->last;
		if (node->left)
			node->left = erase(node->left, next->first);
		else
			node->right = erase(node->right, next->first);
	}
	return rebalance(node);
}

/* The last run that begins at or before @n, or NULL. */
static struct runs_node *floor_of(const struct runs *runs, uint64_t n)
{
	struct runs_node *node = runs->root, *best = NULL;

	while (node) {
		if (node->first <= n) {
			best = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}

static void run_insert(struct runs *runs, uint64_t first, uint64_t last)
{
	struct runs_node *node = mem_alloc(sizeof(*node));

	node->first = first;
	node->last = last;
	node->level = 1;
	runs->root = insert(runs->root, node);
	runs->run_count++;
}

static void run_erase(struct runs *runs, uint64_t first)
{
	runs->root = erase(runs->root, first);
	runs->run_count--;
}

bool runs_has(const struct runs *runs, uint64_t n)
{
	const struct runs_node *node = floor_of(runs, n);

	return node && node->last >= n;
}

bool runs_add(struct runs *runs, uint64_t n)
{
	struct runs_node *before = floor_of(runs, n), *behind;

	assert(n < RUNS_NONE);
	if (before && before->last >= n)
		return false;
	runs->count++;
	behind = floor_of(runs, n + 1);
	if (behind && behind->first != n + 1)
		behind = NULL;
	if (before && before->last + 1 != n)
		before = NULL;
	if (before && behind) {
		uint64_t last = behind->last;

		before->last = last; /* for this moment they overlap, which no search for a first number minds */
		run_erase(runs, n + 1);
	} else if (before) {
		before->last = n;
	} else if (behind) {
		behind->first = n; /* its place in the order is the same */
	} else {
		run_insert(runs, n, n);
	}
	return true;
}

bool runs_del(struct runs *runs, uint64_t n)
{
	struct runs_node *node = floor_of(runs, n);
	uint64_t last;

	if (!node || node->last < n)
		return false;
	runs->count--;
	last = node->last;
	if (node->first == n && last == n) {
		run_erase(runs, n);
	} else if (node->first == n) {
		node->first = n + 1;
	} else {
		node->last = n - 1;
		if (n < last)
			run_insert(runs, n + 1, last);
	}
	return true;
}

uint64_t runs_gap(const struct runs *runs, uint64_t n)
{
	const struct runs_node *node = floor_of(runs, n);

	return node && node->last >= n ? node->last + 1 : n;
}
