/** What browsers get, by page. */
export declare const make: () => Promise<
  Readonly<Record<"deployment" | "docs", { readonly body: string; readonly script: string; readonly style: string }>>
>
