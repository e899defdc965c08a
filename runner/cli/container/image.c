// SPDX-License-Identifier: GPL-2.0-or-later
/* image - `moat run --image`: to its folder, and into the specification. Floor F5. */
#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/container/container.h"
#include "runner/container/files_client.h"
#include "runner/process/helper.h"
#include "runner/spec/image.h"

int container_image(const struct cli *cli, const char *image, struct spec *spec,
		    struct arena *arena, struct err *err)
{
	cleanup(mem_freep) char *program = helper_path("moat-files");
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;
	const char *args[] = {"moat-files", cli->dry_run ? "image-find" : "image", cli->state_dir, NULL, NULL, NULL};
	const char *folder, *path;
	struct image_config config;
	struct sync_msg answer;
	char *name;
	int rc;

	image_name_split(image, arena, &args[3], &args[4]);
	rc = files_ask(program, args, &answer, err);
	/* Of what lies in a layout the errors know the name there alone. */
	if (rc < 0)
		return str_starts(err->object, args[3]) ? rc : err_wrap(err, "image %s", args[3]);
	name = arena_strndup(arena, answer.text, strnlen(answer.text, sizeof(answer.text)));
	spec->image_digest = arena_strdup(arena, name);
	name[strcspn(name, ":")] = '-';
	folder = arena_printf(arena, "%s/images/%s", cli->state_dir, name);
	path = arena_printf(arena, "%s/config.json", folder);
	rc = file_read(path, JSON_SIZE_MAX, &text);
	spec->image = arena_printf(arena, "%s/rootfs", folder);
	if (rc == -ENOENT && cli->dry_run)
		return 1;
	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, path, "read");
	rc = json_parse(buf_cstr(&text), text.size, 0, &doc, err);
	if (rc == 0)
		rc = image_config_decode(doc, arena, &config, err);
	if (rc == 0)
		rc = image_apply(&config, spec, arena, err);
	if (rc < 0)
		return err_wrap(err, "configuration of the image");
	return 0;
}
