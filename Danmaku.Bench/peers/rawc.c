/* What the machine allows: a WebSocket relay in C on one epoll loop, for comparisons (docs/benchmarks.md).
 *
 * Every text message on /ws/{room} goes to all members of that room, its author included: with one send for each message and
 * member, or with -t MS one send for each member and tick of what came in that time. It checks nothing and protects nobody.
 *
 *   cc -O2 -o rawc rawc.c && ./rawc -p 9000 [-t 20]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FDS = 65536, MAX_UNSENT = 64 << 20, READ_BYTES = 256 << 10, MAX_ROOM = 64 };

struct buffer {
    uint8_t *bytes;
    size_t length, size;
};

struct room {
    char name[MAX_ROOM + 1];
    struct client **members;
    size_t count, size;
    struct buffer pending; /* frames that wait for the tick */
    struct room *next;
};

struct client {
    int fd, is_open, is_watching_writing;
    struct room *room;
    size_t place; /* among the room's members */
    struct buffer in, out;
};

static struct client *clients[MAX_FDS];
static struct room *rooms;
static int poller, tick_ms;
static uint8_t read_buffer[READ_BYTES];

static void append(struct buffer *b, const void *bytes, size_t length) {
    if (b->length + length > b->size) {
        b->size = (b->length + length) * 2;
        b->bytes = realloc(b->bytes, b->size);
        if (!b->bytes) abort();
    }
    memcpy(b->bytes + b->length, bytes, length);
    b->length += length;
}

static void consume(struct buffer *b, size_t length) {
    b->length -= length;
    if (b->length)
        memmove(b->bytes, b->bytes + length, b->length);
    else if (b->size > 65536) {
        free(b->bytes);
        memset(b, 0, sizeof *b);
    }
}

static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void sha1(const uint8_t *text, size_t length, uint8_t digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t data[256] = {0};
    size_t total = (length + 8) / 64 * 64 + 64;
    memcpy(data, text, length);
    data[length] = 0x80;
    for (int i = 0; i < 8; i++) data[total - 1 - i] = (uint64_t)length * 8 >> 8 * i;
    for (size_t at = 0; at < total; at += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)data[at + 4 * i] << 24 | data[at + 4 * i + 1] << 16 | data[at + 4 * i + 2] << 8 | data[at + 4 * i + 3];
        for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t t = rotate(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rotate(b, 30), b = a, a = t;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = h[i / 4] >> (24 - i % 4 * 8);
}

static void base64(const uint8_t *bytes, size_t length, char *text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        uint32_t v = bytes[i] << 16 | (i + 1 < length ? bytes[i + 1] << 8 : 0) | (i + 2 < length ? bytes[i + 2] : 0);
        *text++ = digits[v >> 18];
        *text++ = digits[v >> 12 & 63];
        *text++ = i + 1 < length ? digits[v >> 6 & 63] : '=';
        *text++ = i + 2 < length ? digits[v & 63] : '=';
    }
    *text = 0;
}

static struct room *find_room(const char *name) {
    for (struct room *room = rooms; room; room = room->next)
        if (!strcmp(room->name, name)) return room;
    struct room *room = calloc(1, sizeof *room);
    if (!room) abort();
    snprintf(room->name, sizeof room->name, "%s", name);
    room->next = rooms;
    return rooms = room;
}

static void join(struct client *client, struct room *room) {
    if (room->count == room->size) {
        room->size = room->size ? room->size * 2 : 16;
        room->members = realloc(room->members, room->size * sizeof *room->members);
        if (!room->members) abort();
    }
    client->room = room;
    client->place = room->count;
    room->members[room->count++] = client;
}

static void drop(struct client *client) {
    struct room *room = client->room;
    if (room) {
        struct client *last = room->members[--room->count];
        room->members[client->place] = last;
        last->place = client->place;
    }
    clients[client->fd] = NULL;
    close(client->fd);
    free(client->in.bytes);
    free(client->out.bytes);
    free(client);
}

static void watch(struct client *client, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (client->is_watching_writing ? EPOLLOUT : 0), .data.fd = client->fd};
    epoll_ctl(poller, operation, client->fd, &event);
}

/* 0 when the client had to be dropped. */
static int transmit(struct client *client, const void *bytes, size_t length) {
    size_t sent = 0;
    if (!client->out.length) {
        ssize_t n = send(client->fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) return drop(client), 0;
        sent = n < 0 ? 0 : n;
    }
    if (sent < length) {
        append(&client->out, (const uint8_t *)bytes + sent, length - sent);
        if (client->out.length > MAX_UNSENT) return drop(client), 0;
        if (!client->is_watching_writing) {
            client->is_watching_writing = 1;
            watch(client, EPOLL_CTL_MOD);
        }
    }
    return 1;
}

static void on_writable(struct client *client) {
    ssize_t n = send(client->fd, client->out.bytes, client->out.length, MSG_NOSIGNAL);
    if (n < 0) {
        if (errno != EAGAIN) drop(client);
        return;
    }
    consume(&client->out, n);
    if (!client->out.length) {
        client->is_watching_writing = 0;
        watch(client, EPOLL_CTL_MOD);
    }
}

static void broadcast(struct room *room, const void *bytes, size_t length) {
    for (size_t i = room->count; i-- > 0;) transmit(room->members[i], bytes, length);
}

static size_t header(uint8_t *to, int opcode, size_t length) {
    to[0] = 0x80 | opcode;
    if (length < 126) return to[1] = length, 2;
    to[1] = 126;
    to[2] = length >> 8;
    to[3] = length;
    return 4;
}

/* 0 when the client was dropped, which a broadcast can do too. */
static int on_frame(struct client *client, int opcode, uint8_t *payload, size_t length) {
    static uint8_t frame[65536 + 4];
    int fd = client->fd;
    size_t head = header(frame, opcode == 9 ? 10 : opcode, length);
    memcpy(frame + head, payload, length);
    if (opcode == 1) {
        if (tick_ms)
            append(&client->room->pending, frame, head + length);
        else
            broadcast(client->room, frame, head + length);
    } else if (opcode == 9)
        transmit(client, frame, head + length);
    else if (opcode == 8) {
        if (transmit(client, frame, head + length)) drop(client);
        return 0;
    }
    return clients[fd] == client;
}

static int upgrade(struct client *client, char *request) {
    char key[128] = "", room[MAX_ROOM + 1] = "lobby", accept[32], answer[256];
    uint8_t digest[20];
    sscanf(request, "GET /ws/%64[a-z0-9_-]", room);
    char *line = strcasestr(request, "\r\nSec-WebSocket-Key:");
    if (!line || sscanf(line + 20, " %60s", key) != 1) return drop(client), 0;
    strcat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    sha1((uint8_t *)key, strlen(key), digest);
    base64(digest, sizeof digest, accept);
    int length = snprintf(answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    client->is_open = 1;
    join(client, find_room(room));
    return transmit(client, answer, length);
}

static void take_apart(struct client *client) {
    size_t used = 0;
    if (!client->is_open) {
        append(&client->in, "", 1);
        client->in.length--;
        char *end = strstr((char *)client->in.bytes, "\r\n\r\n");
        if (!end) return;
        used = end + 4 - (char *)client->in.bytes;
        end[2] = 0;
        if (!upgrade(client, (char *)client->in.bytes)) return;
    }
    while (client->in.length - used >= 6) {
        uint8_t *frame = client->in.bytes + used;
        size_t length = frame[1] & 0x7f, head = 2;
        if (length == 126) {
            if (client->in.length - used < 8) break;
            length = frame[2] << 8 | frame[3];
            head = 4;
        } else if (length == 127) {
            drop(client);
            return;
        }
        if (client->in.length - used < head + 4 + length) break;
        uint8_t *mask = frame + head, *payload = mask + 4;
        for (size_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
        if (!on_frame(client, frame[0] & 15, payload, length)) return;
        used += head + 4 + length;
    }
    consume(&client->in, used);
}

static void on_readable(struct client *client) {
    ssize_t n = recv(client->fd, read_buffer, sizeof read_buffer, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) drop(client);
        return;
    }
    append(&client->in, read_buffer, n);
    take_apart(client);
}

static void on_connect(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FDS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct client *client = calloc(1, sizeof *client);
        if (!client) abort();
        client->fd = fd;
        clients[fd] = client;
        watch(client, EPOLL_CTL_ADD);
    }
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Milliseconds until there is something to flush; -1 when nothing waits. The next tick begins after the fan-out. */
static int flush(int64_t *due) {
    int is_waiting = 0;
    int64_t now = now_ms();
    for (struct room *room = rooms; tick_ms && room; room = room->next)
        if (room->pending.length && now >= *due) {
            broadcast(room, room->pending.bytes, room->pending.length);
            room->pending.length = 0;
            is_waiting = 1;
        }
    if (is_waiting) *due = now_ms() + tick_ms;
    for (struct room *room = rooms; tick_ms && room; room = room->next)
        if (room->pending.length) return *due > now_ms() ? *due - now_ms() : 0;
    return -1;
}

int main(int argc, char **argv) {
    int port = 9000, option, yes = 1;
    while ((option = getopt(argc, argv, "p:t:")) != -1) {
        if (option == 'p') port = atoi(optarg);
        else if (option == 't') tick_ms = atoi(optarg);
        else return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return perror("rawc"), 1;
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    printf("ready\n");
    fflush(stdout);

    int64_t due = 0;
    for (;;) {
        int count = epoll_wait(poller, events, 256, flush(&due));
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                on_connect(listener);
                continue;
            }
            if (clients[fd] && events[i].events & EPOLLOUT) on_writable(clients[fd]);
            if (clients[fd] && events[i].events & ~EPOLLOUT) on_readable(clients[fd]);
        }
    }
}
