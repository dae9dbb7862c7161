// The unmodified Java client over gRPC: deploy, work by stream and by poll, results, errors.
// Arguments: gRPC address, model file.

import io.camunda.zeebe.client.ZeebeClient;
import io.camunda.zeebe.client.api.command.ClientStatusException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

public final class Zeebe {
  public static void main(final String[] arguments) throws Exception {
    try (ZeebeClient client =
        ZeebeClient.newClientBuilder()
            .grpcAddress(URI.create("http://" + arguments[0]))
            .preferRestOverGrpc(false)
            .usePlaintext()
            .build()) {
      expect(client.newTopologyRequest().send().join().getPartitionsCount() >= 1, "a partition");
      final var deployed =
          client.newDeployResourceCommand().addResourceFile(arguments[1]).send().join();
      expect(deployed.getProcesses().get(0).getBpmnProcessId().equals("java"), "the process");

      try (var worker =
          client
              .newWorker()
              .jobType("java-work")
              .handler(
                  (jobs, job) -> {
                    final int x = (int) job.getVariablesAsMap().get("x");
                    jobs.newCompleteCommand(job).variables(Map.of("y", x + 1)).send().join();
                  })
              .open()) {
        final var result =
            client
                .newCreateInstanceCommand()
                .bpmnProcessId("java")
                .latestVersion()
                .variables(Map.of("x", 4))
                .withResult()
                .requestTimeout(Duration.ofSeconds(20))
                .send()
                .join();
        expect(result.getVariablesAsMap().get("y").equals(5), "y = 5");
      }

      final var pushed = new CountDownLatch(3);
      try (var worker =
          client
              .newWorker()
              .jobType("java-work")
              .handler(
                  (jobs, job) -> {
                    jobs.newCompleteCommand(job).send().join();
                    pushed.countDown();
                  })
              .streamEnabled(true)
              .open()) {
        for (int number = 0; number < 3; number++) {
          client.newCreateInstanceCommand().bpmnProcessId("java").latestVersion()
              .variables(Map.of("x", number)).send().join();
        }
        expect(pushed.await(20, TimeUnit.SECONDS), "three streamed jobs");
      }

      client.newPublishMessageCommand().messageName("hello").correlationKey("k")
          .timeToLive(Duration.ofSeconds(1)).send().join();
      try {
        client.newCancelInstanceCommand(4711).send().join();
        expect(false, "NOT_FOUND");
      } catch (final ClientStatusException fault) {
        expect(fault.getStatusCode().name().equals("NOT_FOUND"), "NOT_FOUND, not " + fault);
      }
      System.out.println("all well");
    }
  }

  private static void expect(final boolean condition, final String said) {
    if (!condition) {
      System.err.println("expected " + said);
      System.exit(1);
    }
  }
}
