/* From root, or from a few capabilities, to as little as can be. */
#include "privileges.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER_NOBODY "nobody"

static const unsigned capture_rights[] = {CAP_NET_RAW, CAP_BPF};

#define CAPTURE_RIGHTS (sizeof(capture_rights) / sizeof(capture_rights[0]))

static int fail(char error[PRIVILEGES_ERROR_MAX], const char *what)
{
	snprintf(error, PRIVILEGES_ERROR_MAX,
	    "cannot give up rights: %s: %s; run it as another user, or with --no-sandbox", what,
	    strerror(errno));
	return -1;
}

int privileges_find_user(
    const char *name, struct privileges_user *user, char error[PRIVILEGES_ERROR_MAX])
{
	const struct passwd *found;

	*user = (struct privileges_user){.name = NULL, .uid = geteuid(), .gid = getegid()};
	if (name == NULL && geteuid() != 0)
		return 0;
	found = getpwnam(name != NULL ? name : PRIVILEGES_USER);
	if (found == NULL && name == NULL)
		found = getpwnam(name = USER_NOBODY);
	if (found == NULL) {
		snprintf(error, PRIVILEGES_ERROR_MAX,
		    "--user %s: there is no such user; make it: adduser --system --group %s", name,
		    name);
		return -1;
	}
	if (found->pw_uid == 0 || found->pw_gid == 0) {
		snprintf(error, PRIVILEGES_ERROR_MAX,
		    "--user %s: has the rights of root; give one without", found->pw_name);
		return -1;
	}
	if (geteuid() != 0) {
		if (found->pw_uid == user->uid)
			return 0;
		snprintf(error, PRIVILEGES_ERROR_MAX,
		    "--user %s: only root can become another user; start it as root or as %s", name,
		    name);
		return -1;
	}
	*user = (struct privileges_user){
	    .name = name != NULL ? name : PRIVILEGES_USER, found->pw_uid, found->pw_gid};
	return 0;
}

/* What of it we have: the rest cannot be had. */
static void choose_rights(bool capture)
{
	bool have[CAPTURE_RIGHTS];

	capng_get_caps_process();
	for (size_t i = 0; i < CAPTURE_RIGHTS; i++)
		have[i] = capng_have_capability(CAPNG_PERMITTED, capture_rights[i]) != 0;
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; capture && i < CAPTURE_RIGHTS; i++)
		if (have[i])
			capng_update(
			    CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capture_rights[i]);
}

/* Every way back is tried. */
static bool can_go_back(const struct privileges_user *user)
{
	uid_t real, effective, saved;

	if (setresuid(0, 0, 0) == 0 || seteuid(0) == 0 || setuid(0) == 0)
		return true;
	if (user->name != NULL &&
	    (setresgid(0, 0, 0) == 0 || setegid(0) == 0 || setgroups(0, NULL) == 0))
		return true;
	return getresuid(&real, &effective, &saved) != 0 || real == 0 || effective == 0 ||
	       saved == 0;
}

/* Without root the groups are left as they are. */
static int change(const struct privileges_user *user)
{
	if (user->name == NULL)
		return capng_apply(CAPNG_SELECT_CAPS);
	if (initgroups(user->name, user->gid) != 0)
		return -1;
	return capng_change_id((int)user->uid, (int)user->gid, CAPNG_CLEAR_BOUNDING);
}

int privileges_drop(
    const struct privileges_user *user, bool capture, char error[PRIVILEGES_ERROR_MAX])
{
	int result;

	choose_rights(capture);
	errno = 0;
	result = change(user);
	if (result != 0) {
		snprintf(error, PRIVILEGES_ERROR_MAX,
		    "cannot become user %s (step %d: %s); run it as that user with CAP_NET_RAW, or "
		    "with --no-sandbox",
		    user->name != NULL ? user->name : "of ours", -result, strerror(errno));
		return -1;
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(error, "no_new_privs");
	if (can_go_back(user)) {
		errno = EPERM;
		return fail(error, "root can still be had back");
	}
	return 0;
}

/* A file that is in no other place: one with several names may be another's. */
static void give(int folder, const char *name, const struct privileges_user *user)
{
	int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1)
		(void)!fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH);
	if (fd >= 0)
		close(fd);
}

void privileges_give_folder(const struct privileges_user *user, const char *file_in_it)
{
	char folder[PATH_MAX];
	const struct dirent *entry;
	DIR *files;

	snprintf(folder, sizeof(folder), "%s", file_in_it);
	files = user->name == NULL ? NULL : opendir(dirname(folder));
	if (files == NULL)
		return;
	/* What cannot be given is found out by privileges_can_write. */
	(void)!fchown(dirfd(files), user->uid, user->gid);
	while ((entry = readdir(files)) != NULL)
		give(dirfd(files), entry->d_name, user);
	closedir(files);
}

bool privileges_can_write(const char *path, char error[PRIVILEGES_ERROR_MAX])
{
	const struct passwd *user = getpwuid(geteuid());
	char text[PATH_MAX];
	const char *folder, *why;

	snprintf(text, sizeof(text), "%s", path);
	folder = dirname(text);
	if (eaccess(folder, W_OK | X_OK) == 0 &&
	    (eaccess(path, R_OK | W_OK) == 0 || errno == ENOENT))
		return true;
	why = strerror(errno);
	snprintf(error, PRIVILEGES_ERROR_MAX,
	    "%.128s: the sensor's user may not write there: %s; give the folder to it: chown -R %s "
	    "%.128s",
	    path, why, user != NULL ? user->pw_name : "USER", folder);
	return false;
}
