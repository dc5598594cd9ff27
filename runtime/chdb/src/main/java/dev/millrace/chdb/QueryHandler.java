package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs the query of one request: the statement in memory, its data and its rows through a pipe.
 *
 * <p>The thread of the client moves the bytes and a second one waits for the engine, because the
 * engine reads or writes the other end of the pipe until the query is over.
 */
final class QueryHandler {
  private static final int HEAD = 1 << 16;

  /** Cut into words it takes thirty times as much memory. */
  private static final int LONGEST_STATEMENT = 4 << 20;

  private static final int AT_ONCE = 64;

  private final Engine engine;
  private final Accounts accounts;
  private final ExecutorService workers;
  private final RunningQuery.Register register = new RunningQuery.Register();
  private final Semaphore places = new Semaphore(AT_ONCE);

  QueryHandler(Engine engine, Accounts accounts, ExecutorService workers) {
    this.engine = engine;
    this.accounts = accounts;
    this.workers = workers;
  }

  void handle(Request request, Reply reply) throws IOException {
    Accounts.Account account = accounts.authenticate(request);
    Ask ask = Ask.of(request);
    reply.header("X-ClickHouse-Query-Id", ask.queryId());
    if (!places.tryAcquire()) {
      throw ChdbException.of(
          ErrorCode.TOO_MANY_SIMULTANEOUS_QUERIES,
          "Too many simultaneous queries. Maximum: " + AT_ONCE);
    }
    RunningQuery query = register.begin(ask.queryId(), account.name(), () -> kill(ask));
    try (Engine.Session session = engine.session()) {
      new Run(request, reply, ask, session).run(ask.preparation(account));
    } finally {
      register.end(query);
      places.release();
    }
  }

  /**
   * By the comment, because the engine gives its queries numbers of its own. Closing the pipe would
   * not do: the engine formats rows to the last before it heeds that nobody reads them.
   */
  private void kill(Ask ask) {
    try (Engine.Session session = engine.session()) {
      session.run(
          "KILL QUERY WHERE Settings['log_comment'] = " + Ask.literal(ask.comment()) + " ASYNC");
    }
  }

  private interface Movement {
    void run() throws IOException;
  }

  private final class Run {
    private final long began = System.nanoTime();
    private final Request request;
    private final Reply reply;
    private final Ask ask;
    private final Engine.Session session;

    Run(Request request, Reply reply, Ask ask, Engine.Session session) {
      this.request = request;
      this.reply = reply;
      this.ask = ask;
      this.session = session;
    }

    void run(String preparation) throws IOException {
      InputStream body = Encoding.unwrap(request);
      byte[] sql = text(body);
      Statement statement = Statement.of(sql);
      statement.inDoubt().ifPresent(this::requireOne);
      session.run(preparation);
      switch (statement) {
        case Statement.Insertion insertion -> {
          int start = insertion.dataStart();
          summarize(insert(insertion, Arrays.copyOfRange(sql, start, sql.length), body), 0);
        }
        case Statement.Rows rows -> select(rows);
        case Statement.Other other -> {
          Outcome outcome = session.run(other.bytes(), defaultFormat());
          summarize(outcome, outcome.text().remaining());
          if (outcome.text().remaining() > 0) {
            format(defaultFormat());
          }
          OutputStream out = Encoding.of(request).wrap(reply);
          out.write(outcome.text().array());
          Encoding.finish(out);
        }
      }
      reply.end();
    }

    /** The engine would run all it is given; what is one statement, its own parser says. */
    private void requireOne(String text) {
      try (Engine.Session parser = engine.session()) {
        parser.run(
            "SELECT formatQuery(%s) SETTINGS max_query_size = %d FORMAT Null"
                .formatted(Ask.literal(text), 3L * LONGEST_STATEMENT)
                .getBytes(ISO_8859_1),
            "Null");
      }
    }

    /** The statement, and of the data of an INSERT as much as came with it. */
    private byte[] text(InputStream body) throws IOException {
      ByteArrayOutputStream sql = new ByteArrayOutputStream();
      sql.writeBytes(request.parameter("query").orElse("").getBytes(UTF_8));
      byte[] head = body.readNBytes(HEAD);
      if (sql.size() > 0 && head.length > 0) {
        sql.write('\n');
      }
      sql.writeBytes(head);
      while (head.length == HEAD && !holdsStatement(sql.toByteArray())) {
        if (sql.size() > LONGEST_STATEMENT) {
          throw ChdbException.of(
              ErrorCode.QUERY_IS_TOO_LARGE,
              "Statement must be shorter, data of an INSERT follow FORMAT: limit="
                  + LONGEST_STATEMENT);
        }
        byte[] more = body.readNBytes(Math.max(HEAD, sql.size()));
        sql.writeBytes(more);
        if (more.length < HEAD) {
          break;
        }
      }
      return sql.toByteArray();
    }

    private static boolean holdsStatement(byte[] sql) {
      return Statement.insertion(sql).filter(found -> found.dataStart() < sql.length).isPresent();
    }

    private Outcome insert(Statement.Insertion insertion, byte[] first, InputStream rest)
        throws IOException {
      try (Pipe pipe = Pipe.open()) {
        OutputStream sink = pipe.output();
        return during(
            pipe,
            insertion.from(pipe.sourceName()),
            () -> {
              try (sink) {
                StoredGzip whole = new StoredGzip(sink);
                whole.write(first);
                rest.transferTo(whole);
                whole.end();
              } catch (IOException e) {
                // Either the engine reads no further, or the client is gone and what came is not
                // whole: in both cases the engine fails, and says why.
              }
            });
      }
    }

    private void select(Statement.Rows rows) throws IOException {
      String format = rows.format().orElse(defaultFormat());
      format(format);
      summarize(Summary.NOTHING, 0);
      try (Pipe pipe = Pipe.open()) {
        InputStream source = pipe.input();
        OutputStream out = Encoding.of(request).wrap(reply);
        AtomicLong size = new AtomicLong();
        Outcome ended =
            during(
                pipe,
                rows.into(pipe.sinkName(), format),
                () -> {
                  // Closed early, because the client is gone, it makes the engine fail at its next
                  // write.
                  try (source) {
                    size.set(source.transferTo(out));
                  }
                });
        summarize(ended, size.get());
        Encoding.finish(out);
      }
    }

    /** Moves bytes while the engine runs, and leaves it only when it is done with the session. */
    private Outcome during(Pipe pipe, byte[] sql, Movement movement) throws IOException {
      Future<Outcome> outcome =
          workers.submit(() -> {
            try {
              return session.run(sql, defaultFormat());
            } finally {
              pipe.close();
            }
          });
      try {
        movement.run();
      } catch (Throwable e) {
        // Whatever it was: the engine must have left the session before it is closed.
        try {
          kill(ask);
          await(outcome);
        } catch (ChdbException late) {
          e.addSuppressed(late);
        }
        throw e;
      }
      return await(outcome);
    }

    private static Outcome await(Future<Outcome> outcome) throws IOException {
      try {
        return outcome.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof ChdbException refused) {
          throw refused;
        }
        throw new IOException("query cannot be run: " + e.getCause(), e);
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the threads of clients", e);
      }
    }

    private String defaultFormat() {
      return ask.format().orElse("TabSeparated");
    }

    private void format(String name) {
      reply.header("X-ClickHouse-Format", name);
      reply.header(
          "Content-Type",
          name.startsWith("JSON")
              ? "application/json; charset=UTF-8"
              : name.startsWith("CSV")
                  ? "text/csv; charset=UTF-8"
                  : name.startsWith("Tab") || name.startsWith("TSV")
                      ? "text/tab-separated-values; charset=UTF-8"
                      : "application/octet-stream");
    }

    private void summarize(Outcome outcome, long resultBytes) {
      reply.header(
          "X-ClickHouse-Summary",
          new Summary(outcome, resultBytes, System.nanoTime() - began).json());
    }
  }
}
