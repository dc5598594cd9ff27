package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.io.IOException;
import java.math.BigInteger;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes over a real database: signals, exit codes and output. */
@Timeout(180)
class ProcessIT {
  // One server for all tests: making a cluster takes longer than any of them.
  @TempDir static Path home;

  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endAll() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  /** The server outlives its last user by seconds, and would write where JUnit is deleting. */
  @AfterAll
  static void stopServer() {
    Path data = home.resolve("data");
    PostgresSettings settings = PostgresSettings.standard().withCache(data.resolve("cache"));
    EmbeddedPostgres.start(data.resolve("postgres"), settings).stop();
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 SIGTERM in the middle of a run drains and exits with 0; the next run goes on")
  void sigterm_drainsAndTheNextRunGoesOn() throws Exception {
    Path config = config("sigterm", 4_000_000, "");
    RunningProgram first = start("run", config);
    first.awaitOutput("durable) of");
    first.process().destroy();

    assertThat(first.code()).as(first.output()).isEqualTo(ExitCode.DONE);
    assertThat(first.output())
        .contains("stopping; what has run", "stopped: ", "run again to go on");
    long stopped = durable(first);
    assertThat(stopped).isPositive();
    assertThat(seen(config)).isEqualTo(stopped);

    // The config may name another end at any time.
    long end = blockOf(first) + 100;
    RunningProgram second = start("run", config("sigterm", 4_000_000, "    to: " + end + "\n"));
    assertThat(second.code()).as(second.output()).isEqualTo(ExitCode.DONE);
    assertThat(second.output()).contains("done: ");
    assertThat(seen(config)).isEqualTo(stopped + durable(second));
    assertThat(blockOf(second)).isEqualTo(end);
  }

  @Test
  @Tag("A19")
  @DisplayName("A19 A handler that throws ends the process with 1 and names the event")
  void handler_thatThrowsNamesTheEvent() throws Exception {
    Path config = config("poison", 200, "    to: 199\n");
    RunningProgram run = start(List.of("-DfailAt=100"), "run", config);

    assertThat(run.code()).isEqualTo(ExitCode.FAILED);
    assertThat(run.output())
        .contains("block=100", "logIndex=", "told to fail", "at=CountingMain.java:")
        .contains("goes on from block ", "The handler's trace is in ");
  }

  @Test
  @Tag("D2")
  @DisplayName(
      "D2 A second process names the holder and exits with 3; SIGKILL frees the lane in 2 s")
  void second_processIsRefusedWithTheHolder() throws Exception {
    Path config = config("held", 50, "");
    RunningProgram holder = start("run", config);
    holder.awaitOutput("taken over");
    RunningProgram second = start("run", config);
    // Runs beside it in this JVM: both wait for the lease to end, and the classes are loaded from
    // now on.
    EvmIndexer counting = CountingMain.indexer(Long.MAX_VALUE);
    assertThatThrownBy(() -> IndexerRuntime.of(counting, read(config)).start())
        .hasMessageContaining("pid=" + holder.process().pid());

    assertThat(second.code()).as(second.output()).isEqualTo(ExitCode.TAKEN);
    assertThat(second.output()).contains("pid=" + holder.process().pid());
    assertThat(holder.process().isAlive()).isTrue();
    RunningProgram status = start("status", config);
    assertThat(status.code()).as(status.output()).isEqualTo(ExitCode.DONE);
    assertThat(status.output())
        .contains("held, begun ", "chain ", "held by")
        .containsPattern("\n1 +[0-9,-]+ .*pid=" + holder.process().pid() + " since=");

    // The next holder is this JVM, so that no start of a JVM is measured.
    long killed = System.nanoTime();
    holder.process().destroyForcibly().waitFor();
    try (IndexerRuntime next = IndexerRuntime.of(counting, read(config))) {
      next.start();
      assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(2));
      assertThat(next.status().lanes()).singleElement().matches(lane -> lane.epoch() > 1);
    }
  }

  @Test
  @Tag("D5")
  @Tag("D36")
  @DisplayName("D5 a changed address or event is refused until it is accepted; changed code is not")
  void definition_thatChangedIsRefusedUntilItIsAccepted() throws Exception {
    EvmIndexer before = counting(CountingMain.Transferred.class, 1);
    Path config = config("changed", 60, "    to: 9\n");
    inside(ExitCode.DONE, before, "run", config);
    String seen = inside(ExitCode.DONE, before, "sql", config, "SELECT seen FROM count").out();

    for (String several :
        List.of("COMMIT; DELETE FROM count; SELECT 1", "SELECT 1; COMMIT; DELETE FROM count")) {
      assertThat(inside(ExitCode.MISUSE, before, "sql", config, several).err())
          .contains("one statement is run at a time: statements=3");
    }
    assertThat(inside(ExitCode.DONE, before, "sql", config, "SELECT seen FROM count").out())
        .as("D36 several statements change nothing")
        .isEqualTo(seen);

    config("changed", 60, "    to: 19\n");
    inside(ExitCode.DONE, counting(CountingMain.Transferred.class, 1000), "run", config);
    String more = inside(ExitCode.DONE, before, "sql", config, "SELECT seen FROM count").out();
    assertThat(more).as("code that changed goes on").matches("seen\n[1-9][0-9]{4,}\n");
    assertThat(more.strip()).endsWith(seen.strip().substring("seen\n".length()));

    assertThat(inside(ExitCode.MISUSE, counting(Transferred.class, 1), "run", config).err())
        .contains("schema was made for another definition: schema=changed")
        .contains("- ask Token.Transfer(", "+ ask Token.Transfer(", " indexed, uint256 indexed)")
        .contains("`reset --yes` deletes the schema", "`accept --from-here`");

    Path moved = Files.writeString(config, Files.readString(config).replace("01\"", "02\""));
    assertThat(inside(ExitCode.MISUSE, before, "run", moved).err())
        .containsPattern("~ .*chain 1 Token: 0x7075b10c0+1 -> 0x7075b10c0+2\n");
    assertThat(inside(ExitCode.DONE, before, "sql", config, "SELECT seen FROM count").out())
        .as("nothing was touched")
        .isEqualTo(more);

    assertThat(inside(ExitCode.DONE, before, "accept", moved, "--from-here").out())
        .startsWith("changed: accepted from here\n  ~ ")
        .containsPattern("chain 1 Token: 0x7075b10c0+1 -> 0x7075b10c0+2\n");
    inside(ExitCode.DONE, before, "run", moved);
    assertThat(inside(ExitCode.DONE, before, "status", moved).out())
        .containsPattern("\nChanges accepted on the way:\n  20.*Z  ~ .*chain 1 Token: 0x.* -> 0x");
    assertThat(inside(ExitCode.MISUSE, before, "reset", moved).err())
        .contains("add --yes if that is meant: schema=changed");
    assertThat(inside(ExitCode.DONE, before, "sql", moved, "SELECT seen FROM count").out())
        .isEqualTo(more);
  }

  /** Like the event of {@link CountingMain}, but for the indexed value. */
  @Event("Transfer(address indexed from, address indexed to, uint256 indexed value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  private static <E extends Record> EvmIndexer counting(Class<E> event, long step) {
    return Evm.indexer("counting")
        .entities(CountingMain.Count.class)
        .contract("Token", token -> token.on(event, (_, context) -> count(context, step)))
        .build();
  }

  private static void count(EvmContext context, long step) {
    long seen = context.find(CountingMain.Count.class, 0L).map(CountingMain.Count::seen).orElse(0L);
    context.save(new CountingMain.Count(0, seen + step));
  }

  /** Runs a command in this process that must end with this code. */
  private static Captured inside(
      int code, EvmIndexer indexer, String command, Path config, String... more) {
    Captured captured = Samples.shell(home, Map.of());
    CommandExtension known =
        new CommandExtension() {
          @Override
          public List<Indexer> indexers() {
            return List.of(indexer);
          }
        };
    List<String> line = new ArrayList<>(List.of(command));
    if (command.equals("run") || command.equals("accept")) {
      line.add(indexer.name());
    }
    line.addAll(
        List.of("--config", config.toString(), "--data-dir", home.resolve("data").toString()));
    line.addAll(List.of(more));
    assertThat(
            new CommandLineRunner(captured.shell(), List.of(known))
                .execute(line.toArray(String[]::new)))
        .as("%s: %s", line, captured.err())
        .isEqualTo(code);
    return captured;
  }

  private static Config read(Path config) {
    return switch (ConfigFile.read(config, Map.of())) {
      case ConfigFile.Valid valid -> valid.config().withDataDir(home.resolve("data"));
      case ConfigFile.Invalid invalid -> throw new AssertionError(invalid);
    };
  }

  @Test
  void setup_thatIsWrongIsReportedInOneMessage() throws Exception {
    RunningProgram wrong = start("run", Files.writeString(home.resolve("wrong.yaml"), "nam: x\n"));
    assertThat(wrong.code()).isEqualTo(ExitCode.MISUSE);
    assertThat(wrong.output()).contains("wrong.yaml:1: nam: is not a key, did you mean name?");

    Path rpc =
        Files.writeString(
            home.resolve("rpc.yaml"),
            Files.readString(config("rpc", 10, ""))
                .replaceFirst("rpc: .*", "rpc: ftp://u:hush@node.example/v2/hush"));
    RunningProgram later = start("run", rpc);
    assertThat(later.code()).isEqualTo(ExitCode.MISUSE);
    assertThat(later.output())
        .contains("has a scheme that is none of a node: scheme=ftp")
        .doesNotContain("hush");

    RunningProgram defined = start(List.of("-Dwrong=true"), "run", config("defined", 10, ""));
    assertThat(defined.code()).as(defined.output()).isEqualTo(ExitCode.MISUSE);
    assertThat(defined.output())
        .startsWith("millrace: definition is wrong: ")
        .contains("the name must be", "has no entity", "has no contract");

    try (ServerSocket taken = new ServerSocket(0)) {
      RunningProgram port =
          start("run", config("port", 10, "http: { port: " + taken.getLocalPort() + " }\n"));
      assertThat(port.code()).isEqualTo(ExitCode.MISUSE);
      assertThat(port.output()).contains("another program may listen there");
    }
  }

  @Test
  void database_thatIsNotThereIsWorthARestart() throws Exception {
    int closed;
    try (ServerSocket free = new ServerSocket(0)) {
      closed = free.getLocalPort();
    }
    RunningProgram run =
        start(
            "run",
            config(
                "away",
                10,
                "postgres: { url: 'jdbc:postgresql://127.0.0.1:%d/x', password: hush }\n"
                    .formatted(closed)));

    assertThat(run.code()).as(run.output()).isEqualTo(ExitCode.RESTART);
    assertThat(run.output()).contains("millrace: ").doesNotContain("hush");
  }

  private static Path config(String name, long blocks, String more) throws IOException {
    boolean top = !more.startsWith(" ");
    return Files.writeString(
        home.resolve(name + ".yaml"),
        """
        name: %s
        pipeline: { depth: 4, batchEvents: 2000 }
        %schains:
          - id: 1
            rpc: "dev://chain?seed=3&blocks=%d"
            contracts: [ { name: Token, address: "0x7075b10c00000000000000000000000000000001" } ]
        %s\
        """
            .formatted(name, top ? more : "", blocks, top ? "" : more));
  }

  private RunningProgram start(String command, Path config) throws IOException {
    return start(List.of(), command, config);
  }

  private RunningProgram start(List<String> flags, String command, Path config, String... more)
      throws IOException {
    List<String> line = new ArrayList<>(List.of(command));
    if (command.equals("run")) {
      line.add("counting");
    }
    line.addAll(
        List.of("--config", config.toString(), "--data-dir", home.resolve("data").toString()));
    line.addAll(List.of(more));
    RunningProgram program = RunningProgram.start(CountingMain.class, home, flags, line);
    started.add(program.process());
    return program;
  }

  private long seen(Path config) throws Exception {
    RunningProgram query =
        start(List.of(), "sql", config, "SELECT coalesce(sum(seen), 0) FROM count");
    assertThat(query.code()).as(query.output()).isZero();
    return Long.parseLong(query.results().lines().reduce((_, last) -> last).orElse("").strip());
  }

  private static long durable(RunningProgram run) {
    return number(run, "([0-9,]+) events (?:durable|committed)");
  }

  private static long blockOf(RunningProgram run) {
    return number(run, "chain 1 at block ([0-9,]+)");
  }

  private static long number(RunningProgram run, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(run.output());
    assertThat(matcher.find()).as(run.output()).isTrue();
    return Long.parseLong(matcher.group(1).replace(",", ""));
  }
}
