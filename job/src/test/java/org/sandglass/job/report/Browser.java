package org.sandglass.job.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileUtil;

/**
 * A headless Chromium, told what to do by the DevTools protocol. Remembers what a page complains of, and whatever else than
 * its own file it asks for.
 */
public final class Browser implements AutoCloseable {

    public static final String MISSING =
            "no Chromium: install one (Debian: apt-get install chromium), or name it in SANDGLASS_CHROMIUM";

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell");
    private static final Pattern LISTENING = Pattern.compile("DevTools listening on ws://([^/]+)/.*");
    private static final int SECONDS = 60;

    private static final String COLORS_OF_PLOTS = """
            Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => {
              const canvas = plot.querySelector('canvas');
              if (canvas === null) { return [plot.id, 0]; }
              const pixels = new Uint32Array(canvas.getContext('2d')
                  .getImageData(0, 0, canvas.width, canvas.height).data.buffer);
              return [plot.id, new Set(pixels.filter(pixel => pixel !== 0)).size];
            }))""";

    private final ObjectMapper json = new ObjectMapper();
    private final Process process;
    private final Path profile;
    private final WebSocket socket;
    private final AtomicInteger number = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile CountDownLatch loaded = new CountDownLatch(1);

    private Browser(Process process, Path profile) throws IOException, InterruptedException {
        this.process = process;
        this.profile = profile;
        HttpClient client = HttpClient.newHttpClient();
        URI page = URI.create("http://" + address(process) + "/json/new?about:blank");
        HttpRequest open = HttpRequest.newBuilder(page)
                .PUT(HttpRequest.BodyPublishers.noBody())
                .build();
        String target = client.send(open, HttpResponse.BodyHandlers.ofString()).body();
        this.socket = client.newWebSocketBuilder()
                .connectTimeout(Duration.ofSeconds(SECONDS))
                .buildAsync(
                        URI.create(json.readTree(target)
                                .path("webSocketDebuggerUrl")
                                .asText()),
                        new Listener())
                .join();
        for (String domain : List.of("Runtime", "Log", "Network", "Page")) {
            command(domain + ".enable", Map.of());
        }
    }

    /** The program, from {@code SANDGLASS_CHROMIUM} or the PATH. */
    public static Optional<String> program() {
        String named = System.getenv("SANDGLASS_CHROMIUM");
        if (named != null) {
            return Optional.of(named);
        }
        return NAMES.stream()
                .flatMap(name -> Arrays.stream(
                                System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                        .map(directory -> Path.of(directory, name).toFile()))
                .filter(File::canExecute)
                .map(File::getPath)
                .findFirst();
    }

    public static Browser start(String program) throws IOException, InterruptedException {
        Path profile = Files.createTempDirectory("browser");
        Process process = new ProcessBuilder(
                        program,
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                        "--window-size=1280,1600",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return new Browser(process, profile);
        } catch (IOException | InterruptedException | RuntimeException e) {
            end(process, profile);
            throw e;
        }
    }

    private static String address(Process process) throws IOException {
        BufferedReader errors = process.errorReader(StandardCharsets.UTF_8);
        List<String> said = new ArrayList<>();
        for (String line = errors.readLine(); line != null; line = errors.readLine()) {
            Matcher matcher = LISTENING.matcher(line);
            if (matcher.matches()) {
                // What it says later has to go somewhere.
                Thread drain = new Thread(() -> errors.lines().forEach(rest -> {}));
                drain.setDaemon(true);
                drain.start();
                return matcher.group(1);
            }
            said.add(line);
        }
        throw new IOException("Cannot start Chromium: " + said);
    }

    /** Opens a file and waits until it has loaded. */
    public void open(Path file) throws InterruptedException {
        loaded = new CountDownLatch(1);
        command("Page.navigate", Map.of("url", file.toUri().toString()));
        if (!loaded.await(SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("Cannot load " + file);
        }
    }

    /** The value of an expression, after the next frame. */
    public JsonNode evaluate(String expression) {
        JsonNode answer = command(
                "Runtime.evaluate",
                Map.of(
                        "expression",
                        "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(" + expression
                                + "), 0)))",
                        "awaitPromise",
                        true,
                        "returnByValue",
                        true));
        return answer.path("result").path("value");
    }

    /** Of each plot by its id: how many different colours its canvas has, beside transparent. */
    public Map<String, Integer> colorsOfPlots() {
        Map<String, Integer> colors = new TreeMap<>();
        evaluate(COLORS_OF_PLOTS)
                .fields()
                .forEachRemaining(
                        plot -> colors.put(plot.getKey(), plot.getValue().asInt()));
        return colors;
    }

    /** Errors and warnings of the console, and exceptions. */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** What was asked for beside files that were opened. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    private JsonNode command(String method, Map<String, Object> parameters) {
        int id = number.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(id, answer);
        ObjectNode message = json.createObjectNode().put("id", id).put("method", method);
        message.set("params", json.valueToTree(parameters));
        socket.sendText(message.toString(), true).join();
        try {
            JsonNode found = answer.get(SECONDS, TimeUnit.SECONDS);
            if (found.has("error")) {
                throw new IllegalStateException("Cannot " + method + ": " + found);
            }
            return found.path("result");
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IllegalStateException("Cannot " + method, e);
        }
    }

    private void hear(JsonNode message) {
        JsonNode parameters = message.path("params");
        switch (message.path("method").asText()) {
            case "" -> {
                CompletableFuture<JsonNode> answer =
                        answers.remove(message.path("id").asInt());
                if (answer != null) {
                    answer.complete(message);
                }
            }
            case "Page.loadEventFired" -> loaded.countDown();
            case "Runtime.exceptionThrown" -> complaints.add(parameters.toString());
            case "Runtime.consoleAPICalled" -> {
                if (List.of("error", "warning", "assert")
                        .contains(parameters.path("type").asText())) {
                    complaints.add(parameters.toString());
                }
            }
            case "Log.entryAdded" -> {
                if (List.of("error", "warning")
                        .contains(parameters.path("entry").path("level").asText())) {
                    complaints.add(parameters.toString());
                }
            }
            case "Network.requestWillBeSent" -> {
                String url = parameters.path("request").path("url").asText();
                if (!url.startsWith("file:") && !url.startsWith("data:") && !url.equals("about:blank")) {
                    requests.add(url);
                }
            }
            default -> {}
        }
    }

    @Override
    public void close() {
        socket.abort();
        end(process, profile);
    }

    /** Ends the browser with its helpers, which go on writing into the profile when it has ended, and then the profile. */
    private static void end(Process process, Path profile) {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        CompletableFuture<?>[] exits = all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(exits).orTimeout(SECONDS, TimeUnit.SECONDS).join();
        FileUtil.fullyDelete(profile.toFile());
    }

    private final class Listener implements WebSocket.Listener {

        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                try {
                    hear(json.readTree(text.toString()));
                } catch (IOException e) {
                    complaints.add("not JSON: " + text);
                }
                text.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture("");
        }
    }
}
