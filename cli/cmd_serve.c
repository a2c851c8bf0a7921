/* cmd_serve.c - diarization over HTTP.
 * SPDX-License-Identifier: MIT */
#include "commands.h"

#include "bench.h"
#include "data_folder.h"
#include "feed.h"
#include "models.h"
#include "numbers.h"
#include "text.h"

#include "server/server.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { MB = 1000000 };

/* "127.0.0.1:8080" into its parts; address has room for INET_ADDRSTRLEN. 0, or an exit code. */
static int parse_listen(const char *text, char *address, int32_t *port) {
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    struct in_addr parsed;
    *port = 8080;
    if (n == strlen("localhost") && !strncmp(text, "localhost", n)) {
        text = "127.0.0.1";
        n = strlen(text);
    }
    if (n < INET_ADDRSTRLEN) {
        memcpy(address, text, n);
        address[n] = 0;
        if (inet_pton(AF_INET, address, &parsed) == 1 &&
            (!colon || !cli_parse_whole(colon + 1, 0, 65535, port)))
            return 0;
    }
    cli_error("--listen", "'%s' is not ADDRESS:PORT; give one as 127.0.0.1:8080", text);
    return CLI_EXIT_USAGE;
}

/* Where recordings and results are, to be freed. 0, or an exit code after the error was printed. */
static int choose_data(char **data, const struct cli_settings *settings) {
    int code = cli_data_folder(data, settings->data, "service");
    if (!code && !*data) {
        cli_error("--data", "without HOME there is no place for recordings and results; give it");
        code = CLI_EXIT_USAGE;
    }
    return code;
}

/* Loads the model of the settings that data is: see server_settings. */
static int load_model(const void *data, diarist_model **model, diarist_error *err) {
    const struct cli_settings *settings = data;
    char *path;
    *model = NULL;
    if (cli_model_find(&path, settings, settings->model))
        return cli_set_error(err, DIARIST_ERROR_MODEL, "the model is not there");
    int rc = cli_model_open(model, settings, path, true, err);
    free(path);
    return rc;
}

static const char *fallback_of(const struct cli_settings *settings) {
    const char *url =
        settings->embedding_url ? settings->embedding_url : settings->speaker_embedding_url;
    return url && *url ? url : NULL;
}

/* A service tells more than a command does unless it is told not to. */
static const char *log_level_of(const struct cli_settings *settings) {
    if (settings->quiet || (CLI_GIVEN(settings, log_level) && settings->log_level == CLI_LOG_ERROR))
        return "error";
    return CLI_GIVEN(settings, log_level) && settings->log_level == CLI_LOG_WARNING ? "warning"
                                                                                    : "info";
}

static int serve(const struct cli_settings *settings, const char *data, const diarist_model *model,
                 const char *address, int32_t port) {
    diarist_error err;
    diarist_bench_settings bench;
    bool has_datasets = settings->datasets_file || settings->datasets_root;
    cli_bench_settings(&bench, settings);
    struct server_settings server = {.address = address,
                                     .port = port,
                                     .data = data,
                                     .keys = settings->api_keys,
                                     .more_keys = settings->bench_api_keys,
                                     .key_header = settings->api_key_header,
                                     .bench = has_datasets ? &bench : NULL,
                                     .model = model,
                                     .load_model = load_model,
                                     .load_data = settings,
                                     .model_retry_s = settings->model_retry_s,
                                     .embedding_url = fallback_of(settings),
                                     .speakers = settings->speakers,
                                     .profiles = settings->profiles,
                                     .max_upload_bytes = (uint64_t)settings->max_upload_mb * MB,
                                     .max_audio_s = settings->max_audio_s,
                                     .max_queue = settings->max_queue,
                                     .idle_s = settings->idle_s,
                                     .min_rate = settings->min_rate,
                                     .max_streams = settings->max_streams,
                                     .resume_s = settings->resume_s,
                                     .drain_s = settings->drain_s,
                                     .keep_s = settings->keep_s,
                                     .log_level = log_level_of(settings),
                                     .stopped = cli_interrupted};
    cli_engine_options(&server.engine, settings, NULL);
    cli_interrupt_wait();
    if (!server_run(&server, &err))
        return CLI_EXIT_DONE;
    if (err.status == DIARIST_ERROR_ARGUMENT) {
        cli_error("--listen", "%s", err.message);
        return CLI_EXIT_USAGE;
    }
    return cli_fail(NULL, &err);
}

int cli_run_serve(const struct cli_settings *settings) {
    char address[INET_ADDRSTRLEN];
    int32_t port;
    diarist_model *model = NULL;
    char *data;
    int code = choose_data(&data, settings);
    if (!code)
        code = parse_listen(settings->listen, address, &port);
    if (!code && settings->num_operands) {
        cli_error(settings->operands[0], "serve takes no files; clients send them");
        code = CLI_EXIT_USAGE;
    }
    /* With something to fall back on the service starts without its model, too. */
    if (!code && !fallback_of(settings))
        code = cli_model_load(&model, settings, true);
    if (!code)
        code = serve(settings, data, model, address, port);
    diarist_model_free(model);
    free(data);
    return code;
}
