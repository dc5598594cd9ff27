package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.http.AdminHttpServer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class HttpDoorTest {
  private final HttpClient client = HttpClient.newHttpClient();
  private volatile IndexerStatus status = Samples.running(Samples.lane(620, 599, "the next block"));
  private final AdminHttpServer door = AdminHttpServer.open("127.0.0.1", 0, () -> status);

  @AfterEach
  void close() {
    door.close();
    client.close();
  }

  @Test
  void status_reportsFrontiersStallsAndTimings() throws Exception {
    JsonNode lane = json("/status", 200).get("lanes").get(0);

    assertThat(lane.toString())
        .isEqualTo(
            """
            {"chain":1,"state":"running","epoch":7,\
            "committed":{"block":599,"checkpoint":600,"events":6000},\
            "processed":{"block":620,"checkpoint":621,"events":6210},\
            "firstBlock":0,"lastBlock":999,"totalEvents":10000,"caughtUp":false,"ready":false,\
            "waitingFor":"the next block","doubts":[],"batchesInTransit":2,"stagedBytes":4096,\
            "rewinds":{"count":0,"blocks":0,"undoingMillis":0},\
            "stalledMillis":{"depth":1500},"source":{"cache bytes":"1024","endpoint":"http://node: good"},\
            "timings":{"batches":4,"commits":3,"executeMillis":1000,"commitMillis":2000,\
            "wallMillis":2500,"overlap":1.2,"overlapBound":1.5}}\
            """);
  }

  @Test
  void status_reportsWhatAStartWaitsFor() throws Exception {
    status = Samples.starting("block 500 of chain 1");

    assertThat(json("/status", 200).toString())
        .isEqualTo(
            """
            {"name":"erc20","state":"starting","ready":false,\
            "waitingFor":"block 500 of chain 1","lanes":[]}\
            """);
  }

  @Test
  @Tag("A34")
  @DisplayName("A34 What is not proven is named in /status and beside the closing line")
  void doubts_areNamed() throws Exception {
    status = Samples.running(Samples.doubtful(Samples.lane(999, 999, ""), "no finality is known"));

    assertThat(json("/status", 200).get("lanes").get(0).get("doubts").toString())
        .isEqualTo("[\"no finality is known\"]");
    assertThat(ExitSummary.doubts(status)).containsExactly("chain 1: no finality is known");
  }

  @Test
  void status_reportsTheMirrorWhereThereIsOne() throws Exception {
    status = Samples.running(Samples.mirrored(Samples.lane(620, 599, ""), 609));
    JsonNode lane = json("/status", 200).get("lanes").get(0);

    assertThat(lane.get("mirrored").toString())
        .isEqualTo("{\"block\":609,\"checkpoint\":610,\"events\":6100}");
    assertThat(lane.get("timings").get("mirrorMillis").asLong()).isEqualTo(500);
    assertThat(lane.get("timings").get("overlapBound").asDouble()).isEqualTo(1.75);
    assertThat(ask("/metrics").body())
        .contains(
            "millrace_mirrored_block{chain=\"1\"} 609.0",
            "millrace_mirrored_checkpoint{chain=\"1\"} 610.0",
            "millrace_mirrored_events{chain=\"1\"} 6100.0",
            "millrace_mirror_seconds{chain=\"1\"} 0.5");

    status = Samples.running(Samples.lane(620, 599, ""));
    assertThat(ask("/metrics").body()).doesNotContain("millrace_mirror");
  }

  @Test
  @Tag("A21")
  @DisplayName("A21 Ready means durable up to the end, not merely processed")
  void ready_waitsForWhatIsDurable() throws Exception {
    status = Samples.running(Samples.lane(999, 998, ""));
    assertThat(json("/ready", 503).get("ready").asBoolean()).isFalse();
    assertThat(json("/status", 200).get("ready").asBoolean()).isFalse();

    status = Samples.running(Samples.lane(999, 999, ""));
    assertThat(json("/ready", 200).get("ready").asBoolean()).isTrue();
  }

  @Test
  void health_failsOnlyWithTheProcess() throws Exception {
    JsonNode well = json("/health", 200);
    assertThat(well.get("healthy").asBoolean()).isTrue();
    assertThat(well.get("waitingFor").get("1").asText()).isEqualTo("the next block");

    status = Samples.failed("handler has failed: block=7", Remedy.FIX_HANDLER);
    assertThat(json("/health", 503).get("healthy").asBoolean()).isFalse();
    assertThat(json("/status", 200).get("failure").toString())
        .isEqualTo("{\"message\":\"handler has failed: block=7\",\"exitCode\":1}");
  }

  @Test
  void metrics_arePrometheusText() throws Exception {
    HttpResponse<String> response = ask("/metrics");

    assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");
    assertThat(response.body())
        .contains(
            "millrace_committed_block{chain=\"1\"} 599.0",
            "millrace_processed_events{chain=\"1\"} 6210.0",
            "millrace_source{chain=\"1\",fact=\"cache bytes\"} 1024.0",
            "millrace_stalled_seconds{cause=\"depth\",chain=\"1\"} 1.5");

    status =
        Samples.running(
            Samples.lane(700, 699, ""), Samples.rewound(10, Samples.lane(10, 9, ""), 2));
    assertThat(ask("/metrics").body())
        .contains(
            "millrace_committed_block{chain=\"1\"} 699.0",
            "millrace_committed_block{chain=\"10\"} 9.0",
            "millrace_rewinds{chain=\"10\"} 2.0",
            "millrace_rewound_blocks{chain=\"10\"} 6.0",
            "millrace_rewind_seconds{chain=\"10\"} 0.04");
  }

  @Test
  void open_saysThatThePortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(
              () -> AdminHttpServer.open("127.0.0.1", taken.getLocalPort(), () -> status))
          .isInstanceOfSatisfying(
              MillraceException.class,
              error -> assertThat(ExitCode.of(error)).isEqualTo(ExitCode.MISUSE))
          .hasMessage(
              "port for HTTP cannot be had, another program may listen there: http.port="
                  + taken.getLocalPort()
                  + " http.host=127.0.0.1");
    }
  }

  private JsonNode json(String path, int expected) throws Exception {
    HttpResponse<String> response = ask(path);
    assertThat(response.statusCode()).isEqualTo(expected);
    return new ObjectMapper().readTree(response.body());
  }

  private HttpResponse<String> ask(String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + door.port() + path);
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
