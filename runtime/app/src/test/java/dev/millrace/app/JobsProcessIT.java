package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.app.Samples.Captured;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workers and the commands of jobs as real processes over the embedded PostgreSQL. */
@Timeout(300)
final class JobsProcessIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path home;

  private final List<RunningProgram> started = new ArrayList<>();

  @AfterEach
  void endAll() throws Exception {
    for (RunningProgram program : started) {
      program.process().destroyForcibly().waitFor();
    }
  }

  /** The server outlives its last user by seconds, and would write where JUnit is deleting. */
  @AfterAll
  static void stopServer() {
    Path data = home.resolve("data");
    PostgresSettings settings = PostgresSettings.standard().withCache(data.resolve("cache"));
    EmbeddedPostgres.start(data.resolve("postgres"), settings).stop();
  }

  private RunningProgram start(List<String> flags, String... arguments) throws Exception {
    List<String> line = new ArrayList<>(List.of(arguments));
    line.addAll(
        List.of(
            "--config",
            home.resolve("jobs.yaml").toString(),
            "--data-dir",
            home.resolve("data").toString()));
    RunningProgram program = RunningProgram.start(JobsMain.class, home, flags, line);
    started.add(program);
    return program;
  }

  private RunningProgram start(String... arguments) throws Exception {
    return start(List.of(), arguments);
  }

  /** Runs a command in this process, which must end with this code. */
  private static Captured ended(int code, String... arguments) {
    return ended(code, List.of(), arguments);
  }

  private static Captured ended(int code, List<CommandExtension> more, String... arguments) {
    Captured captured = Samples.shell(home, Map.of());
    List<CommandExtension> extensions = new ArrayList<>(more);
    extensions.add(known());
    List<String> line = new ArrayList<>(List.of(arguments));
    line.addAll(List.of("--config", "jobs.yaml", "--data-dir", "data"));
    int ended =
        new CommandLineRunner(captured.shell(), extensions).execute(line.toArray(String[]::new));
    assertThat(ended).as("%s: %s%s", line, captured.out(), captured.err()).isEqualTo(code);
    return captured;
  }

  private static CommandExtension known() {
    return new CommandExtension() {
      @Override
      public JobRegistry jobs() {
        return JobsMain.jobs();
      }
    };
  }

  private RunningProgram worker(List<String> flags, String... command) throws Exception {
    RunningProgram worker = start(flags, command);
    worker.awaitOutput("answers over HTTP");
    worker.awaitOutput("works on jobs");
    return worker;
  }

  private static void config(String more) throws Exception {
    Files.writeString(
        home.resolve("jobs.yaml"), "name: jobs_test\nhttp: { port: 0 }\n" + more + "\n");
  }

  private static long number(RunningProgram program, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(program.output());
    assertThat(matcher.find()).as(program.output()).isTrue();
    return Long.parseLong(matcher.group(1));
  }

  @Test
  @Tag("J27")
  @DisplayName(
      "J27 run --wait follows a run to its end: 0 and its output, or 1; Ctrl-C leaves it with 130")
  void run_isFollowedToItsEnd() throws Exception {
    config("jobs: {}");
    Captured unknown = ended(ExitCode.MISUSE, "jobs", "run", "gret");
    assertThat(unknown.err())
        .contains("no such job: name=gret known=greet,hold,word (did you mean greet?)");
    assertThat(ended(ExitCode.MISUSE, "jobs", "run", "greet").err())
        .contains("add --input '{\"name\": String, \"times\": int}'");
    assertThat(
            ended(ExitCode.MISUSE, "jobs", "run", "greet", "--input", "{\"name\":1,\"times\":[]}")
                .err())
        .contains("input of job greet does not fit: path=$.times", "expected {\"name\": String");
    assertThat(
            ended(ExitCode.MISUSE, "jobs", "run", "word", "--input", "\"a\"", "--delay", "-5s")
                .err())
        .contains("write 30s, 5m, 12h or 7d: value=-5s");

    RunningProgram waits = start("jobs", "run", "word", "-i", "\"early\"", "--wait");
    waits.awaitOutput("no worker serves this job");
    RunningProgram worker = worker(List.of(), "work");
    assertThat(waits.code()).as(waits.output()).isZero();
    assertThat(waits.results()).isEqualTo("\"EARLY\"\n");

    Captured good =
        ended(0, "jobs", "run", "greet", "--input", "{\"name\":\"bad\",\"times\":1}", "--wait");
    assertThat(JSON.readTree(good.out()))
        .isEqualTo(JSON.readTree("{\"text\":\"hello bad\",\"failed\":[\"bad\"]}"));
    assertThat(good.err()).contains("step-finished  text", "said hello bad", "has succeeded after");

    Captured bad = ended(ExitCode.FAILED, "jobs", "run", "word", "-i", "\"bad\"", "--wait");
    assertThat(bad.err()).contains("has failed", "word is bad", "millrace jobs show ");

    Captured live = Samples.shell(home, Map.of("TERM", "xterm"), OptionalInt.of(60));
    String[] onTerminal = {
      "jobs", "run", "word", "-i", "\"live\"", "--wait", "-c", "jobs.yaml", "-d", "data"
    };
    assertThat(new CommandLineRunner(live.shell(), List.of(known())).execute(onTerminal)).isZero();
    assertThat(live.out()).isEqualTo("\"LIVE\"\n");
    assertThat(live.err()).contains("\rword ", "\r\033[K").doesNotContain("started");

    Path gate = home.resolve("gate");
    String hold = "{\"file\":\"" + gate + "\"}";
    RunningProgram left = start("jobs", "run", "hold", "--input", hold, "--wait");
    left.awaitOutput("holding");
    left.interrupt();
    assertThat(left.code()).as(left.output()).isEqualTo(130);
    long run = number(left, "run (\\d+) goes on");
    RunningProgram follows = start("jobs", "logs", "-f", Long.toString(run));
    follows.awaitOutput("holding");
    Files.createFile(gate);
    assertThat(follows.code()).isZero();
    assertThat(follows.results()).contains("succeeded");
    Files.delete(gate);

    RunningProgram canceled = start("jobs", "run", "hold", "--input", hold, "--cancel-on-exit");
    canceled.awaitOutput("holding");
    canceled.interrupt();
    assertThat(canceled.code()).as(canceled.output()).isEqualTo(130);
    long stopped = number(canceled, "run (\\d+) was asked to stop");
    ended(0, "jobs", "logs", "-f", Long.toString(stopped));
    assertThat(ended(0, "jobs", "show", Long.toString(stopped)).out())
        .contains("run " + stopped + " of job hold: CANCELED");
    assertThat(ended(ExitCode.MISUSE, "jobs", "cancel", Long.toString(stopped)).err())
        .contains("run has ended already: run=" + stopped + " state=CANCELED");
    worker.process().destroy();
    assertThat(worker.code()).as(worker.output()).isZero();
  }

  @Test
  @Tag("J22")
  @DisplayName("J22 SIGTERM hands back what does not end within the drain, and exits with 0")
  void work_handsBackAtTheEndOfTheDrain() throws Exception {
    config("jobs: { drain: 1s, queues: [ { name: slow, concurrency: 1 } ] }");
    RunningProgram worker = worker(List.of(), "work");
    Path gate = home.resolve("later");
    String hold = "{\"file\":\"" + gate + "\"}";
    long run = Long.parseLong(ended(0, "jobs", "run", "hold", "--input", hold).out().strip());
    long behind = Long.parseLong(ended(0, "jobs", "run", "hold", "--input", hold).out().strip());
    RunningProgram follows = start("jobs", "logs", "-f", Long.toString(run));
    follows.awaitOutput("holding");
    assertThat(ended(0, "status").out())
        .containsPattern("slow +1 +0 +1 +0 ")
        .containsPattern("worker +running")
        .doesNotContain("nothing is indexed");

    worker.process().destroy();
    assertThat(worker.code()).as(worker.output()).isZero();
    assertThat(worker.output()).contains("stopped: workers have ended");
    assertThat(ended(0, "jobs", "show", Long.toString(run)).out())
        .contains("PENDING")
        .doesNotContain("failed  ", "lost  ");
    assertThat(ended(0, "status").out())
        .contains("no worker lives", "No worker serves job hold in queue slow");

    Files.createFile(gate);
    RunningProgram next = worker(List.of(), "work");
    assertThat(follows.code()).as(follows.output()).isZero();
    assertThat(follows.results()).contains("handed-back").contains("succeeded");
    ended(0, "jobs", "logs", "-f", Long.toString(behind));
    next.process().destroy();
    assertThat(next.code()).isZero();
  }

  @Test
  void run_hasAnIndexerAndWorkers() throws Exception {
    config(
        """
        chains:
          - id: 1
            rpc: "dev://chain?seed=3&blocks=40"
            contracts: [ { name: Token, address: "0x7075b10c00000000000000000000000000000001" } ]\
        """);
    RunningProgram both = worker(List.of("-Dindexer=true"), "run", "counting");
    both.awaitOutput("taken over");
    ended(0, "jobs", "run", "word", "--input", "\"w\"", "--wait");

    ended(0, "jobs", "run", "word", "--input", "\"later\"", "--delay", "1h");
    long port = number(both, "answers over HTTP: port=(\\d+)");
    JsonNode status = JSON.readTree(get(port, "/status"));
    assertThat(status.at("/workers").toString())
        .isEqualTo("{\"count\":1,\"claiming\":1,\"running\":0}");
    assertThat(status.at("/lanes")).hasSize(1);
    assertThat(status.at("/jobs/workers")).hasSize(1);
    assertThat(get(port, "/metrics"))
        .contains(
            "millrace_jobs_workers 1.0",
            "millrace_jobs_waiting{queue=\"default\"} ",
            "millrace_ready{");
    assertThat(JSON.readTree(get(port, "/health")).at("/healthy").asBoolean()).isTrue();

    both.process().destroy();
    assertThat(both.code()).as(both.output()).isZero();
    assertThat(both.output()).contains("stopped: ").contains("run again to go on");
  }

  private static String get(long port, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void runs_areListedRetriedAndPurged() throws Exception {
    config("jobs: {}");
    RunningProgram worker = worker(List.of(), "work");
    ended(
        0,
        "jobs",
        "run",
        "greet",
        "--input",
        "{\"name\":\"bad\",\"times\":1}",
        "--key",
        "once",
        "--wait");
    Captured again =
        ended(
            0,
            "jobs",
            "run",
            "greet",
            "--input",
            "{\"name\":\"bad\",\"times\":2}",
            "--key",
            "once");
    long run = Long.parseLong(again.out().strip());
    assertThat(again.err()).contains("there is a run of this key: run=" + run);

    assertThat(ended(0, "jobs", "list", "--job", "greet", "--state", "succeeded").out())
        .containsPattern(run + " +greet +SUCCEEDED ");
    assertThat(ended(0, "jobs", "list", "--state", "failed").out())
        .containsPattern("word +FAILED .*word is bad");
    assertThat(ended(0, "jobs", "show", Long.toString(run)).out())
        .contains("run " + run + " of job greet: SUCCEEDED")
        .containsPattern("step +done +text +\"hello bad\"")
        .containsPattern("items +done +words +1 SUCCEEDED, 1 FAILED");

    long retried =
        Long.parseLong(
            ended(0, "jobs", "retry", Long.toString(run), "--failed-only").out().strip());
    assertThat(ended(0, "jobs", "logs", "-f", Long.toString(retried)).out())
        .doesNotContain("step-finished  text")
        .contains("retry of run " + run, "succeeded");
    assertThat(
            ended(ExitCode.MISUSE, "jobs", "retry", Long.toString(run), "--from", "nowhere").err())
        .contains("run has no such step: run=" + run + " step=nowhere");
    assertThat(ended(ExitCode.MISUSE, "jobs", "show", "999999").err())
        .contains("there is no such run", "run=999999");

    assertThat(ended(0, "jobs", "schedule").out())
        .containsPattern("nightly +greet +30 2 \\* \\* \\* +Z +skip +20..-..-..T02:30:00Z");
    assertThat(ended(0, "jobs", "purge", "--older-than", "7d").out())
        .isEqualTo("runs deleted: 0\n");
    assertThat(ended(0, "jobs", "purge", "--older-than", "0s").out())
        .containsPattern("runs deleted: [1-9]");
    assertThat(ended(ExitCode.MISUSE, "jobs", "show", Long.toString(run)).err())
        .contains("there is no such run");
    worker.process().destroy();
    assertThat(worker.code()).isZero();
  }

  @Test
  void work_endsWhereTheDatabaseRefuses() throws Exception {
    config("jobs: { drain: 1s }");
    Path data = home.resolve("data");
    PostgresSettings settings = PostgresSettings.standard().withCache(data.resolve("cache"));
    RunningProgram worker = worker(List.of(), "work");
    try (EmbeddedPostgres server = EmbeddedPostgres.start(data.resolve("postgres"), settings);
        Connection connection =
            DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
        Statement statement = connection.createStatement()) {
      statement.execute("ALTER TABLE millrace_jobs.worker RENAME TO gone");
      try {
        assertThat(worker.code()).as(worker.output()).isEqualTo(ExitCode.MISUSE);
      } finally {
        statement.execute("ALTER TABLE millrace_jobs.gone RENAME TO worker");
      }
    }
    assertThat(worker.output()).contains("worker cannot claim runs", "\nmillrace: ");
  }

  @Test
  void setup_thatIsWrongIsOneMessage() throws Exception {
    config("jobs: { queues: [ { name: slaw, concurrency: 2 } ] }");
    assertThat(ended(ExitCode.MISUSE, "work").err())
        .contains("config has a queue of no job", "queue=slaw", "(did you mean slow?)");
    config("jobs: { workers: 0 }");
    assertThat(ended(ExitCode.MISUSE, "work").err())
        .contains("config asks for no workers, set jobs.workers to 1 or more");
    config("jobs: {}");
    RunningProgram doubled = start(List.of("-Ddoubled=true"), "work");
    assertThat(doubled.code()).as(doubled.output()).isEqualTo(ExitCode.MISUSE);
    assertThat(doubled.output())
        .contains("two job definitions have one name, give each its own: job=word");
    CommandExtension counting =
        new CommandExtension() {
          @Override
          public List<Indexer> indexers() {
            return List.of(CountingMain.indexer(Long.MAX_VALUE));
          }
        };
    assertThat(ended(ExitCode.MISUSE, List.of(counting), "run", "counting").err())
        .contains("config names no chain to index", "millrace work");
    Captured shell = Samples.shell(home, Map.of());
    int code =
        new CommandLineRunner(shell.shell(), List.of())
            .execute("jobs", "list", "--config", "jobs.yaml", "--data-dir", "nowhere");
    assertThat(code).isEqualTo(ExitCode.MISUSE);
    assertThat(shell.err()).contains("no job was ever triggered there: name=jobs_test");
    config("postgres: { url: 'jdbc:postgresql://127.0.0.1:1/x', password: hush }\njobs: {}");
    assertThat(ended(ExitCode.RESTART, "work").err()).contains("millrace: ").doesNotContain("hush");
  }
}
