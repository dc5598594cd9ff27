package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.app.CliEnvironment;
import dev.millrace.pipeline.Indexer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

@Timeout(60)
final class DevchainCommandTest {
  @Test
  void command_saysWhereItAnswersAndWhatHappens() throws Exception {
    PipedInputStream said = new PipedInputStream(1 << 16);
    try (PrintStream out =
            new PrintStream(new PipedOutputStream(said), true, StandardCharsets.UTF_8);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(said, StandardCharsets.UTF_8))) {
      Thread command =
          Thread.ofPlatform()
              .start(
                  () -> run(out, "--port=0", "--blocks=300", "--block-time=1ms", "--reorgs=0.5"));
      String url = await(lines, "http://127\\.0\\.0\\.1:[0-9]+");

      String name = await(lines, "^name: .*").substring("name: ".length());
      assertThat(new ScenarioExtension().indexers())
          .as("run, verify and rebuild find the indexer by the name in the config")
          .extracting(Indexer::name)
          .contains(name);
      assertThat(await(lines, "rpc: .*")).contains(url);
      assertThat(ask(url)).contains("\"result\":\"0x539\"");
      assertThat(await(lines, "block [0-9,]+  0x.*")).contains("logs");
      assertThat(await(lines, "reorg: .*")).contains("replaced by");
      command.interrupt();
      command.join();
    }
  }

  private static void run(PrintStream out, String... arguments) {
    CliEnvironment shell = new CliEnvironment(out, out, Map.of(), Path.of(""), OptionalInt::empty);
    new CommandLine(new DevchainCommand(shell)).execute(arguments);
  }

  private static String await(BufferedReader lines, String pattern) throws IOException {
    Pattern wanted = Pattern.compile(pattern);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Matcher found = wanted.matcher(line);
      if (found.find()) {
        return found.group();
      }
    }
    throw new AssertionError("never said: pattern=" + pattern);
  }

  private static String ask(String url) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create(url))
                  .POST(
                      HttpRequest.BodyPublishers.ofString("{\"id\":1,\"method\":\"eth_chainId\"}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void times_areReadAsPeopleWriteThem() {
    DevchainCommand.Time time = new DevchainCommand.Time();
    assertThat(time.convert("250ms")).hasMillis(250);
    assertThat(time.convert("2s")).hasSeconds(2);
    assertThat(time.convert("1m")).hasMinutes(1);
    assertThat(time.convert("0")).isZero();
    assertThatThrownBy(() -> time.convert("fast"))
        .hasMessage("time is not understood: given=fast forms=500ms, 2s, 1m");
  }
}
