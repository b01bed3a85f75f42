// Where a session keeps what it sent, so that a client that lost a stream can have the rest of it.
//
// Bounded: the oldest events go first. An id that is not known any more is an error for the client, not a gap.

const LIMIT = 2_000;

export class Events {
    #next = 1;
    #events = new Map();

    async storeEvent(stream, message) {
        const id = `${this.#next++}-${stream}`;
        this.#events.set(id, { stream, message });
        if (this.#events.size > LIMIT) {
            this.#events.delete(this.#events.keys().next().value);
        }
        return id;
    }

    async getStreamIdForEventId(id) {
        return this.#events.get(id)?.stream;
    }

    async replayEventsAfter(last, { send }) {
        const { stream } = this.#events.get(last) ?? {};
        if (stream === undefined) {
            throw new Error('the event is not known');
        }
        let after = false;
        for (const [id, event] of [...this.#events]) {
            // The event that opens a stream carries no message.
            if (after && event.stream === stream && Object.keys(event.message).length > 0) {
                await send(id, event.message);
            }
            after ||= id === last;
        }
        return stream;
    }
}
