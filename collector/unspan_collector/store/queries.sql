-- name: add_chunk
INSERT INTO chunk (trace_id, spans) VALUES (:trace_id, :spans)

-- name: put_trace
INSERT OR REPLACE INTO trace (trace_id, started, arrived, method, path, status, bytes, request, aside, complete, in_flight, facts)
VALUES (:trace_id, :started, :arrived, :method, :path, :status, :bytes, :request, :aside, :complete, :in_flight, :facts)

-- name: facts
SELECT facts FROM trace WHERE trace_id = :trace_id

-- name: chunks
SELECT spans FROM chunk WHERE trace_id = :trace_id ORDER BY number

-- name: list
SELECT trace_id, facts FROM trace
WHERE started >= :since
  AND (:all_kinds OR request)
  AND (:asides OR NOT aside)
  AND (NOT :only_complete OR complete)
  AND (:path = '' OR path GLOB :path)
  AND (:method = '' OR method = :method)
  AND status BETWEEN :status_from AND :status_to
ORDER BY started DESC
LIMIT :limit

-- name: list_in_flight
SELECT trace_id, facts FROM trace
WHERE in_flight
  AND arrived >= :arrived_since
  AND started >= :since
  AND (:asides OR NOT aside)
ORDER BY started DESC
LIMIT :limit

-- name: named
SELECT trace_id, facts FROM trace WHERE trace_id BETWEEN :first AND :last ORDER BY trace_id LIMIT :most

-- name: delete_chunks
DELETE FROM chunk WHERE trace_id = :trace_id

-- name: delete_trace
DELETE FROM trace WHERE trace_id = :trace_id

-- name: oldest
SELECT trace_id, started FROM trace WHERE trace_id NOT IN (SELECT trace_id FROM pin) ORDER BY started LIMIT 200

-- name: size
SELECT count(*), coalesce(sum(bytes), 0) FROM trace

-- name: pinned
SELECT count(*) FROM pin

-- name: pin
INSERT OR IGNORE INTO pin VALUES (:trace_id)

-- name: unpin
DELETE FROM pin WHERE trace_id = :trace_id

-- name: beat
UPDATE pulse SET beat = randomblob(16)
