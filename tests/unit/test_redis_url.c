/* --redis URLs: what is read out of good ones, and the line for bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../sensor/redis_url.h"

static const struct good {
	const char *text, *host, *path, *user, *password, *shown;
	unsigned port, database;
} good[] = {
    {"redis://localhost", "localhost", "", "", "", "redis://localhost:6379", 6379, 0},
    {"redis://localhost/", "localhost", "", "", "", "redis://localhost:6379", 6379, 0},
    {"redis://10.0.0.1:7000/3", "10.0.0.1", "", "", "", "redis://10.0.0.1:7000/3", 7000, 3},
    {"tcp://10.0.0.1:7000", "10.0.0.1", "", "", "", "redis://10.0.0.1:7000", 7000, 0},
    {"redis://[2001:db8::1]:7000", "2001:db8::1", "", "", "", "redis://[2001:db8::1]:7000", 7000,
	0},
    {"redis://[::1]", "::1", "", "", "", "redis://[::1]:6379", 6379, 0},
    {"redis://:geheim@h", "h", "", "", "geheim", "redis://h:6379", 6379, 0},
    {"redis://anna:p%40ss%2fw:rt@h:1", "h", "", "anna", "p@ss/w:rt", "redis://h:1", 1, 0},
    {"redis://anna@h", "h", "", "anna", "", "redis://h:6379", 6379, 0},
    {"unix://anna@/r.sock", "", "/r.sock", "anna", "", "unix:///r.sock", 0, 0},
    {"redis://anna:a@b@h", "h", "", "anna", "a@b", "redis://h:6379", 6379, 0},
    {"unix:///run/redis.sock", "", "/run/redis.sock", "", "", "unix:///run/redis.sock", 0, 0},
    {"redis+unix:///r.sock?db=2", "", "/r.sock", "", "", "unix:///r.sock?db=2", 0, 2},
    {"unix://:pw@/r.sock", "", "/r.sock", "", "pw", "unix:///r.sock", 0, 0},
    {"unix:/run/redis.sock", "", "/run/redis.sock", "", "", "unix:///run/redis.sock", 0, 0},
    {"/run/a%20b.sock", "", "/run/a b.sock", "", "", "unix:///run/a b.sock", 0, 0},
};

static void reads_good_urls(void **state)
{
	char error[REDIS_URL_ERROR_MAX], shown[REDIS_URL_SHOWN_MAX];
	struct redis_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct good *g = &good[i];

		assert_int_equal(redis_url_parse(g->text, &url, error), 0);
		assert_string_equal(url.host, g->host);
		assert_string_equal(url.path, g->path);
		assert_string_equal(url.user, g->user);
		assert_string_equal(url.password, g->password);
		assert_int_equal(url.port, g->port);
		assert_int_equal(url.database, g->database);
		assert_string_equal(redis_url_show(&url, shown), g->shown);
	}
}

static const struct bad {
	const char *text, *says;
} bad[] = {
    {"", "empty"},
    {"localhost:6379", "no scheme"},
    {"http://localhost", "no scheme"},
    {"rediss://localhost", "stunnel"},
    {"redis://", "no host"},
    {"redis://:6379", "no host"},
    {"redis://h:0", "port"},
    {"redis://h:65536", "port"},
    {"redis://h:99999999999999999999", "port"},
    {"redis://h:", "port"},
    {"redis://h:12x", "port"},
    {"redis://h/x", "database"},
    {"redis://h/1/2", "database"},
    {"redis://h/99999999999", "database"},
    {"redis://h?db=1", "'?'"},
    {"redis://2001:db8::1", "brackets"},
    {"redis://[::1", "']'"},
    {"redis://[::1]x:1", "']'"},
    {"redis://:secret%4@h", "percent"},
    {"redis://:secret%zz@h", "percent"},
    {"redis://:secret%00@h", "percent"},
    {"redis://:secret%", "no host"},
    {"unix://run/redis.sock", "absolute"},
    {"unix:", "absolute"},
    {"/run/redis.sock?database=1", "?db="},
    {"/run/redis.sock?db=", "?db="},
    {"/run/%zz", "percent"},
};

static void refuses_bad_urls(void **state)
{
	char error[REDIS_URL_ERROR_MAX];
	struct redis_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error[0] = '\0';
		assert_int_equal(redis_url_parse(bad[i].text, &url, error), -1);
		if (strstr(error, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].text, error);
		assert_null(strstr(error, "secret"));
		assert_null(strchr(error, '\n'));
	}
}

static void refuses_what_is_too_long(void **state)
{
	char error[REDIS_URL_ERROR_MAX], text[2000];
	struct redis_url url;

	(void)state;
	snprintf(text, sizeof(text), "/%0*d", 106, 1);
	assert_int_equal(redis_url_parse(text, &url, error), 0);
	snprintf(text, sizeof(text), "/%0*d", 107, 1);
	assert_int_equal(redis_url_parse(text, &url, error), -1);
	snprintf(text, sizeof(text), "redis://%0*d", 256, 1);
	assert_int_equal(redis_url_parse(text, &url, error), -1);
	snprintf(text, sizeof(text), "redis://:%0*d@h", 600, 1);
	assert_int_equal(redis_url_parse(text, &url, error), -1);
}

static void takes_a_password(void **state)
{
	char error[REDIS_URL_ERROR_MAX] = "", text[600];
	struct redis_url url;

	(void)state;
	assert_int_equal(redis_url_parse("redis://h", &url, error), 0);
	assert_int_equal(redis_url_login(&url, NULL, error), 0);
	assert_int_equal(redis_url_parse("redis://anna@h", &url, error), 0);
	assert_int_equal(redis_url_login(&url, "", error), -1);
	assert_non_null(strstr(error, "without a password"));
	assert_int_equal(redis_url_login(&url, "geheim", error), 0);
	assert_string_equal(url.password, "geheim");
	assert_int_equal(redis_url_login(&url, "other", error), 0);
	assert_string_equal(url.password, "other");
	assert_int_equal(redis_url_login(&url, NULL, error), 0);
	snprintf(text, sizeof(text), "%0*d", REDIS_URL_SECRET_MAX, 1);
	assert_int_equal(redis_url_login(&url, text, error), -1);
	assert_non_null(strstr(error, "shorter"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_good_urls),
	    cmocka_unit_test(refuses_bad_urls),
	    cmocka_unit_test(refuses_what_is_too_long),
	    cmocka_unit_test(takes_a_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
