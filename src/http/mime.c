/* SPDX-License-Identifier: MIT */
/* Types by suffix, those of the registry where it has one. Scripts have none that makes a browser
 * run them; text says its character set, or browsers guess. */
#include <string.h>
#include "base/base.h"
#include "http/bytes.h"
#include "http/mime.h"

enum { SUFFIX_BYTES_MAX = 11 };

#define TEXT(type) "text/" type "; charset=utf-8"

/* Sorted by suffix; a test looks. */
/* clang-format off */
static const struct {
	const char *suffix, *type;
} types[] = {
	{ "3g2", "video/3gpp2" },
	{ "3gp", "video/3gpp" },
	{ "7z", "application/x-7z-compressed" },
	{ "aac", "audio/aac" },
	{ "abw", "application/x-abiword" },
	{ "ai", "application/postscript" },
	{ "aif", "audio/aiff" },
	{ "aiff", "audio/aiff" },
	{ "apk", "application/vnd.android.package-archive" },
	{ "apng", "image/apng" },
	{ "arc", "application/x-freearc" },
	{ "asc", TEXT("plain") },
	{ "atom", "application/atom+xml" },
	{ "avi", "video/x-msvideo" },
	{ "avif", "image/avif" },
	{ "azw", "application/vnd.amazon.ebook" },
	{ "bin", "application/octet-stream" },
	{ "bmp", "image/bmp" },
	{ "br", "application/x-brotli" },
	{ "bz2", "application/x-bzip2" },
	{ "c", TEXT("plain") },
	{ "cab", "application/vnd.ms-cab-compressed" },
	{ "cbor", "application/cbor" },
	{ "cc", TEXT("plain") },
	{ "cda", "application/x-cdf" },
	{ "cer", "application/pkix-cert" },
	{ "cfg", TEXT("plain") },
	{ "conf", TEXT("plain") },
	{ "cpp", TEXT("plain") },
	{ "crl", "application/pkix-crl" },
	{ "crt", "application/x-x509-ca-cert" },
	{ "csh", "application/x-csh" },
	{ "css", TEXT("css") },
	{ "csv", TEXT("csv") },
	{ "deb", "application/vnd.debian.binary-package" },
	{ "der", "application/x-x509-ca-cert" },
	{ "diff", TEXT("plain") },
	{ "dmg", "application/x-apple-diskimage" },
	{ "doc", "application/msword" },
	{ "docm", "application/vnd.ms-word.document.macroenabled.12" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "dtd", "application/xml-dtd" },
	{ "ear", "application/java-archive" },
	{ "eml", "message/rfc822" },
	{ "eot", "application/vnd.ms-fontobject" },
	{ "eps", "application/postscript" },
	{ "epub", "application/epub+zip" },
	{ "exe", "application/octet-stream" },
	{ "flac", "audio/flac" },
	{ "flv", "video/x-flv" },
	{ "geojson", "application/geo+json" },
	{ "gif", "image/gif" },
	{ "glb", "model/gltf-binary" },
	{ "gltf", "model/gltf+json" },
	{ "go", TEXT("plain") },
	{ "gpx", "application/gpx+xml" },
	{ "gz", "application/gzip" },
	{ "h", TEXT("plain") },
	{ "har", "application/json" },
	{ "heic", "image/heic" },
	{ "heif", "image/heif" },
	{ "hpp", TEXT("plain") },
	{ "htm", TEXT("html") },
	{ "html", TEXT("html") },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ics", TEXT("calendar") },
	{ "ini", TEXT("plain") },
	{ "iso", "application/octet-stream" },
	{ "jar", "application/java-archive" },
	{ "java", TEXT("plain") },
	{ "jfif", "image/jpeg" },
	{ "jp2", "image/jp2" },
	{ "jpe", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", TEXT("javascript") },
	{ "json", "application/json" },
	{ "jsonld", "application/ld+json" },
	{ "jxl", "image/jxl" },
	{ "key", "application/vnd.apple.keynote" },
	{ "kml", "application/vnd.google-earth.kml+xml" },
	{ "kmz", "application/vnd.google-earth.kmz" },
	{ "log", TEXT("plain") },
	{ "m3u8", "application/vnd.apple.mpegurl" },
	{ "m4a", "audio/mp4" },
	{ "m4v", "video/mp4" },
	{ "map", "application/json" },
	{ "markdown", TEXT("markdown") },
	{ "md", TEXT("markdown") },
	{ "mht", "message/rfc822" },
	{ "mhtml", "message/rfc822" },
	{ "mid", "audio/midi" },
	{ "midi", "audio/midi" },
	{ "mjs", TEXT("javascript") },
	{ "mkv", "video/matroska" },
	{ "mml", "application/mathml+xml" },
	{ "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "mpd", "application/dash+xml" },
	{ "mpeg", "video/mpeg" },
	{ "mpg", "video/mpeg" },
	{ "mpkg", "application/vnd.apple.installer+xml" },
	{ "msi", "application/octet-stream" },
	{ "ndjson", "application/x-ndjson" },
	{ "numbers", "application/vnd.apple.numbers" },
	{ "obj", "model/obj" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "oga", "audio/ogg" },
	{ "ogg", "audio/ogg" },
	{ "ogv", "video/ogg" },
	{ "ogx", "application/ogg" },
	{ "opus", "audio/ogg" },
	{ "otf", "font/otf" },
	{ "p12", "application/x-pkcs12" },
	{ "p7b", "application/x-pkcs7-certificates" },
	{ "p7c", "application/pkcs7-mime" },
	{ "pages", "application/vnd.apple.pages" },
	{ "patch", TEXT("plain") },
	{ "pdf", "application/pdf" },
	{ "pem", "application/x-pem-file" },
	{ "pfx", "application/x-pkcs12" },
	{ "php", "application/x-httpd-php" },
	{ "pl", TEXT("plain") },
	{ "png", "image/png" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "pptm", "application/vnd.ms-powerpoint.presentation.macroenabled.12" },
	{ "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ "ps", "application/postscript" },
	{ "psd", "image/vnd.adobe.photoshop" },
	{ "py", TEXT("x-python") },
	{ "rar", "application/vnd.rar" },
	{ "rdf", "application/rdf+xml" },
	{ "rpm", "application/x-rpm" },
	{ "rs", TEXT("plain") },
	{ "rss", "application/rss+xml" },
	{ "rst", TEXT("plain") },
	{ "rtf", "application/rtf" },
	{ "sh", "application/x-sh" },
	{ "sql", "application/sql" },
	{ "srt", TEXT("plain") },
	{ "stl", "model/stl" },
	{ "svg", "image/svg+xml" },
	{ "svgz", "image/svg+xml" },
	{ "swf", "application/x-shockwave-flash" },
	{ "tar", "application/x-tar" },
	{ "tcl", "application/x-tcl" },
	{ "tex", "application/x-tex" },
	{ "text", TEXT("plain") },
	{ "tgz", "application/gzip" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "toml", "application/toml" },
	{ "torrent", "application/x-bittorrent" },
	{ "ts", "video/mp2t" },
	{ "tsv", TEXT("tab-separated-values") },
	{ "ttf", "font/ttf" },
	{ "txt", TEXT("plain") },
	{ "usdz", "model/vnd.usdz+zip" },
	{ "vcf", TEXT("vcard") },
	{ "vsd", "application/vnd.visio" },
	{ "vtt", TEXT("vtt") },
	{ "war", "application/java-archive" },
	{ "wasm", "application/wasm" },
	{ "wav", "audio/wav" },
	{ "weba", "audio/webm" },
	{ "webm", "video/webm" },
	{ "webmanifest", "application/manifest+json" },
	{ "webp", "image/webp" },
	{ "wma", "audio/x-ms-wma" },
	{ "wmv", "video/x-ms-wmv" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "xhtml", "application/xhtml+xml" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsm", "application/vnd.ms-excel.sheet.macroenabled.12" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "xml", "application/xml" },
	{ "xpi", "application/x-xpinstall" },
	{ "xsl", "application/xslt+xml" },
	{ "xslt", "application/xslt+xml" },
	{ "xz", "application/x-xz" },
	{ "yaml", "application/yaml" },
	{ "yml", "application/yaml" },
	{ "z", "application/x-compress" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};
/* clang-format on */

static const struct {
	const char *suffix;
	enum http_coding coding;
} codings[] = {
	{ ".gz", HTTP_CODING_GZIP },
	{ ".br", HTTP_CODING_BR },
	{ ".zst", HTTP_CODING_ZSTD },
};

const char *http_mime_type(const char *name, size_t size)
{
	static const char unknown[] = "application/octet-stream";
	const char *dot = size ? memrchr(name, '.', size) : NULL;
	char suffix[SUFFIX_BYTES_MAX + 1];
	size_t low = 0, high = array_length(types), length;

	/* ".profile" is a name, not a suffix. */
	if (!dot || dot == name || dot[-1] == '/')
		return unknown;
	length = size - (size_t)(dot + 1 - name);
	if (!length || length > SUFFIX_BYTES_MAX)
		return unknown;
	for (size_t i = 0; i < length; i++)
		suffix[i] = byte_lower(dot[1 + i]);
	suffix[length] = '\0';
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(suffix, types[middle].suffix);

		if (!order)
			return types[middle].type;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return unknown;
}

enum http_coding http_mime_coding(const char *name, size_t size)
{
	for (size_t i = 0; i < array_length(codings); i++) {
		size_t length = strlen(codings[i].suffix);

		if (size > length && !memcmp(name + size - length, codings[i].suffix, length))
			return codings[i].coding;
	}
	return HTTP_CODING_IDENTITY;
}

const char *http_mime_suffix(enum http_coding coding)
{
	for (size_t i = 0; i < array_length(codings); i++) {
		if (codings[i].coding == coding)
			return codings[i].suffix;
	}
	return "";
}

bool http_mime_is_json(const char *type, size_t size)
{
	return (size == 16 && bytes_same(type, "application/json", 16)) ||
	       (size > 5 && bytes_same(type + size - 5, "+json", 5));
}
