/* SPDX-License-Identifier: MIT */
/* Types by the names of files. */
#include <await.h>
#include <string.h>
#include "harness.h"
#include "http/mime.h"

static const char *type(const char *name)
{
	return http_mime_type(name, strlen(name));
}

TEST_WITH(types, "W40 H10", .backends = ONCE)
{
	CHECK_STR(type("index.html"), "text/html; charset=utf-8");
	CHECK_STR(type("a/b/STYLE.CSS"), "text/css; charset=utf-8");
	CHECK_STR(type("x.tar.gz"), "application/gzip");
	CHECK_STR(type("x.png"), "image/png");
	CHECK_STR(type("x.js"), "text/javascript; charset=utf-8");
	CHECK_STR(type("x.json"), "application/json");
	CHECK_STR(type("x.webmanifest"), "application/manifest+json");
	CHECK_STR(type("x.wasm"), "application/wasm");
	CHECK_STR(type("x.unknown"), "application/octet-stream");
	CHECK_STR(type("x.muchtoolongasuffix"), "application/octet-stream");
	CHECK_STR(type("x"), "application/octet-stream");
	CHECK_STR(type("x."), "application/octet-stream");
	CHECK_STR(type(".html"), "application/octet-stream");
	CHECK_STR(type("a.html/.txt"), "application/octet-stream");
	CHECK_STR(type("a.html/x"), "application/octet-stream");
	CHECK_STR(type(""), "application/octet-stream");
	CHECK_STR(http_mime_type("x.html5", 6), "text/html; charset=utf-8");
}

/* Each entry is found, so the table is sorted. */
TEST_WITH(sorted, "W40", .backends = ONCE)
{
	static const char *const known[] = {
		"3g2",	   "3gp",  "7z",     "aac",   "abw",	  "ai",		 "aif",	 "aiff",
		"apk",	   "apng", "arc",    "asc",   "atom",	  "avi",	 "avif", "azw",
		"bmp",	   "br",   "bz2",    "c",     "cab",	  "cbor",	 "cc",	 "cda",
		"cer",	   "cfg",  "conf",   "cpp",   "crl",	  "crt",	 "csh",	 "css",
		"csv",	   "deb",  "der",    "diff",  "dmg",	  "doc",	 "docm", "docx",
		"dtd",	   "ear",  "eml",    "eot",   "eps",	  "epub",	 "flac", "flv",
		"geojson", "gif",  "glb",    "gltf",  "go",	  "gpx",	 "gz",	 "h",
		"har",	   "heic", "heif",   "hpp",   "htm",	  "html",	 "ico",	 "ics",
		"ini",	   "jar",  "java",   "jfif",  "jp2",	  "jpe",	 "jpeg", "jpg",
		"js",	   "json", "jsonld", "jxl",   "key",	  "kml",	 "kmz",	 "log",
		"m3u8",	   "m4a",  "m4v",    "map",   "markdown", "md",		 "mht",	 "mhtml",
		"mid",	   "midi", "mjs",    "mkv",   "mml",	  "mov",	 "mp3",	 "mp4",
		"mpd",	   "mpeg", "mpg",    "mpkg",  "ndjson",	  "numbers",	 "obj",	 "odp",
		"ods",	   "odt",  "oga",    "ogg",   "ogv",	  "ogx",	 "opus", "otf",
		"p12",	   "p7b",  "p7c",    "pages", "patch",	  "pdf",	 "pem",	 "pfx",
		"php",	   "pl",   "png",    "ppt",   "pptm",	  "pptx",	 "ps",	 "psd",
		"py",	   "rar",  "rdf",    "rpm",   "rs",	  "rss",	 "rst",	 "rtf",
		"sh",	   "sql",  "srt",    "stl",   "svg",	  "svgz",	 "swf",	 "tar",
		"tcl",	   "tex",  "text",   "tgz",   "tif",	  "tiff",	 "toml", "torrent",
		"ts",	   "tsv",  "ttf",    "txt",   "usdz",	  "vcf",	 "vsd",	 "vtt",
		"war",	   "wasm", "wav",    "weba",  "webm",	  "webmanifest", "webp", "wma",
		"wmv",	   "woff", "woff2",  "xhtml", "xls",	  "xlsm",	 "xlsx", "xml",
		"xpi",	   "xsl",  "xslt",   "xz",    "yaml",	  "yml",	 "z",	 "zip",
		"zst",
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char name[30] = "x.";

		strcat(name, known[i]);
		CHECK(strcmp(type(name), "application/octet-stream") != 0);
	}
}

TEST_WITH(codings, "W43", .backends = ONCE)
{
	CHECK_INT(http_mime_coding("x.js.gz", 7), HTTP_CODING_GZIP);
	CHECK_INT(http_mime_coding("x.js.br", 7), HTTP_CODING_BR);
	CHECK_INT(http_mime_coding("x.zst", 5), HTTP_CODING_ZSTD);
	CHECK_INT(http_mime_coding("x.js", 4), HTTP_CODING_IDENTITY);
	CHECK_INT(http_mime_coding(".gz", 3), HTTP_CODING_IDENTITY);
	CHECK_STR(http_mime_suffix(HTTP_CODING_GZIP), ".gz");
	CHECK_STR(http_mime_suffix(HTTP_CODING_BR), ".br");
	CHECK_STR(http_mime_suffix(HTTP_CODING_DEFLATE), "");
}
