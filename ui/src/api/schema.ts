// Generated from docs/openapi.json by `npm run schema`. Do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Ban: {
            until: string;
        };
        Channel: {
            account?: null | components["schemas"]["Person"];
            created_at: string;
            desired: string;
            id: string;
            name: string;
            paired: boolean;
            proxy?: null | components["schemas"]["ProxyInfo"];
            state: components["schemas"]["ChannelState"];
            stuck_since?: string | null;
            tone: string;
        };
        ChannelState: {
            attempt?: number | null;
            banned?: null | components["schemas"]["Ban"];
            cause?: string | null;
            expires_at?: string | null;
            method?: string | null;
            next_attempt_at?: string | null;
            reason?: string | null;
            round?: number | null;
            since: string;
            status: string;
            step?: string | null;
            summary: string;
        };
        Content: {
            text: string;
            /** @enum {string} */
            type: "text";
        } | {
            kind: string;
            /** @enum {string} */
            type: "unsupported";
        } | {
            /** @enum {string} */
            type: "undecryptable";
        };
        Event: {
            channel_id?: string | null;
            data: components["schemas"]["EventData"];
            id: string;
            seq: number;
            timestamp: string;
            type: string;
        };
        EventData: unknown;
        Failure: {
            code?: number | null;
            reason: string;
            summary: string;
        };
        Gap: {
            after: number;
            oldest: number;
        };
        Message: {
            at: string;
            channel_id: string;
            chat: string;
            content: components["schemas"]["Content"];
            direction: string;
            failure?: null | components["schemas"]["Failure"];
            from_me: boolean;
            id: string;
            sender: components["schemas"]["Person"];
            status: string;
            updated_at: string;
            whatsapp_id: string;
        };
        Person: {
            lid?: string | null;
            name?: string | null;
            phone?: string | null;
        };
        ProxyInfo: {
            has_credentials: boolean;
            url: string;
        };
        Snapshot: {
            channels: components["schemas"]["Channel"][];
            seq: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
