// An MCP server over streamable HTTP that answers from memory, so that a measurement shows the gateway's cost and not the
// server's. One thread, keep-alive, JSON answers, no sessions, 405 on GET. Prints `READY URL`; ends with its standard input.
//
//   cc -O2 -o memory_server memory_server.c && ./memory_server
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 1 << 16, MOST = 4096 };

struct connection {
    size_t filled;
    char buffer[ROOM + 1];
};

static struct connection *connections[MOST];

static const char tools[] =
    "{\"tools\":[{\"name\":\"echo\",\"description\":\"Says a word\",\"inputSchema\":{\"type\":\"object\",\"properties\":"
    "{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"]}}]}";
static const char said[] = "{\"content\":[{\"type\":\"text\",\"text\":\"a word\"}],\"isError\":false}";

static void send_all(int to, const char *text, size_t length) {
    while (length > 0) {
        ssize_t sent = write(to, text, length);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return; // The client has left, or does not read: answers are small.
        text += sent;
        length -= (size_t)sent;
    }
}

// The JSON text behind a member's name, up to what ends a number or a quoted text.
static size_t member(const char *body, const char *name, const char **found) {
    const char *at = strstr(body, name);
    if (!at) return 0;
    at += strlen(name);
    while (*at == ' ' || *at == ':') at++;
    *found = at;
    if (*at == '"') return (size_t)(strchr(at + 1, '"') ? strchr(at + 1, '"') - at + 1 : 0);
    return strspn(at, "0123456789");
}

static void answer(int to, const char *head, const char *body) {
    char text[ROOM];
    const char *id = "", *method = "";
    if (strncmp(head, "POST ", 5) != 0) {
        const char *status = strncmp(head, "DELETE ", 7) == 0 ? "200 OK" : "405 Method Not Allowed";
        send_all(to, text, (size_t)snprintf(text, sizeof text, "HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n", status));
        return;
    }
    size_t id_length = member(body, "\"id\"", &id), method_length = member(body, "\"method\"", &method);
    if (id_length == 0) {
        static const char taken[] = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
        send_all(to, taken, sizeof taken - 1);
        return;
    }
    char greeting[512];
    const char *result = "{}";
    if (method_length > 3 && strncmp(method, "\"tools/call", 11) == 0) {
        result = said;
    } else if (strncmp(method, "\"tools/list", 11) == 0) {
        result = tools;
    } else if (strncmp(method, "\"initialize", 11) == 0) {
        const char *version = "\"2025-06-18\"";
        size_t length = member(body, "\"protocolVersion\"", &version);
        snprintf(greeting, sizeof greeting,
            "{\"protocolVersion\":%.*s,\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"memory\",\"version\":\"1\"}}",
            length ? (int)length : 12, version);
        result = greeting;
    }
    char json[2048];
    int length = snprintf(json, sizeof json, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":%s}", (int)id_length, id, result);
    int whole = snprintf(text, sizeof text,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", length, json);
    send_all(to, text, (size_t)whole);
}

// Answers every whole request that has come.
static int serve(int from, struct connection *connection) {
    for (;;) {
        connection->buffer[connection->filled] = 0;
        char *end = strstr(connection->buffer, "\r\n\r\n");
        if (!end) return connection->filled < ROOM;
        const char *length_text = strcasestr(connection->buffer, "\r\ncontent-length:");
        size_t length = length_text && length_text < end ? strtoul(length_text + 17, NULL, 10) : 0;
        size_t head = (size_t)(end - connection->buffer) + 4;
        if (head + length > ROOM) return 0;
        if (head + length > connection->filled) return 1;
        char after = connection->buffer[head + length];
        connection->buffer[head + length] = 0;
        answer(from, connection->buffer, connection->buffer + head);
        connection->buffer[head + length] = after;
        connection->filled -= head + length;
        memmove(connection->buffer, connection->buffer + head + length, connection->filled);
    }
}

static void leave(int client) {
    close(client);
    free(connections[client]);
    connections[client] = NULL;
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 256)) return perror("listen"), 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("READY http://127.0.0.1:%d/mcp\n", ntohs(address.sin_port));
    fflush(stdout);
    int waiting = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(waiting, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(waiting, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        struct epoll_event ready[64];
        int count = epoll_wait(waiting, ready, 64, -1);
        for (int number = 0; number < count; number++) {
            int from = ready[number].data.fd;
            if (from == 0) {
                char rest[64];
                if (read(0, rest, sizeof rest) <= 0) return 0;
            } else if (from == listener) {
                int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (client < 0) continue;
                if (client >= MOST || !(connections[client] = calloc(1, sizeof(struct connection)))) {
                    close(client);
                    continue;
                }
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                event.events = EPOLLIN;
                event.data.fd = client;
                epoll_ctl(waiting, EPOLL_CTL_ADD, client, &event);
            } else {
                struct connection *connection = connections[from];
                ssize_t got = read(from, connection->buffer + connection->filled, ROOM - connection->filled);
                if (got <= 0) {
                    leave(from);
                    continue;
                }
                connection->filled += (size_t)got;
                if (!serve(from, connection)) leave(from);
            }
        }
    }
}
